// WebAssembly text; the build puts its binary form here.
declare module '*.wat' {
  const binary: Uint8Array<ArrayBuffer>;
  export default binary;
}
