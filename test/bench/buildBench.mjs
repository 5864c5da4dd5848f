// Builds benches written in TypeScript into out/bench.
import esbuild from 'esbuild';
import { join } from 'node:path';
import { watPlugin } from '../../scripts/watPlugin.mjs';

const root = join(import.meta.dirname, '..', '..');
const out = join(root, 'out', 'bench');

/** @returns the project's folder and the one with the built files, `NAME.mjs` for `NAME.ts` */
export async function buildBench(files) {
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: files.map((file) => join('test', 'bench', file)),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Packages that are CommonJS ask for Node's modules by require.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    external: ['onnxruntime-node', 'playwright-core'],
    // As in esbuild.mjs.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    define: { QUANTSCOPE_DIST: JSON.stringify(join(root, 'dist')) },
    plugins: [watPlugin],
    logLevel: 'warning',
  });
  return { root, out };
}
