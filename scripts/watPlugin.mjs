// WebAssembly text (.wat) becomes its binary form, as a module whose default export is a Uint8Array.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import loadWabt from 'wabt';

async function assemble(file) {
  const wabt = await loadWabt();
  const parsed = wabt.parseWat(basename(file), await readFile(file, 'utf8'), { simd: true });
  try {
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}

/** For esbuild. */
export const watPlugin = {
  name: 'wat',
  setup(build) {
    build.onLoad({ filter: /\.wat$/ }, async ({ path }) => ({
      contents: await assemble(path),
      loader: 'binary',
      watchFiles: [path],
    }));
  },
};

/** For vite and vitest. */
export const viteWatPlugin = {
  name: 'wat',
  enforce: 'pre',
  async load(id) {
    if (!id.endsWith('.wat')) return undefined;
    const bytes = Buffer.from(await assemble(id)).toString('base64');
    return `export default Uint8Array.from(Buffer.from('${bytes}', 'base64'));`;
  },
};
