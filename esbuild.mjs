// Builds dist/: four programs and the engine's threads. `--watch` rebuilds on change.
import { copyFile, mkdir } from 'node:fs/promises';
import esbuild from 'esbuild';
import { engineVersion } from './scripts/engineVersion.mjs';
import { watPlugin } from './scripts/watPlugin.mjs';

const watch = process.argv.includes('--watch');
const common = { plugins: [watPlugin], bundle: true, sourcemap: true, logLevel: 'warning', target: 'node20' };
// onnxruntime-node finds its native library beside its own files, so it stays a package.
const node = {
  ...common,
  platform: 'node',
  format: 'cjs',
  external: ['onnxruntime-node', 'vscode'],
  alias: {
    // Its CommonJS half requires its parts in a way that bundlers cannot follow.
    'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
    // Its module half asks where it lies, which a bundle does not know.
    highs: './node_modules/highs/build/highs.js',
  },
  define: { QUANTSCOPE_DIST: '__dirname', QUANTSCOPE_VERSION: JSON.stringify(engineVersion) },
};
const builds = [
  { ...node, entryPoints: ['extension/extension.ts'], outfile: 'dist/extension.js' },
  {
    ...node,
    entryPoints: {
      engine: 'engine/server.ts',
      worker: 'engine/runtime/worker.ts',
      feedsModule: 'engine/feeds/moduleThread.ts',
    },
    outdir: 'dist',
  },
  {
    ...node,
    entryPoints: ['engine/cli.ts'],
    outfile: 'dist/quantscope.js',
    banner: { js: '#!/usr/bin/env node' },
  },
  {
    ...common,
    platform: 'browser',
    format: 'iife',
    target: 'chrome122',
    minify: true,
    entryPoints: { webview: 'webview/main.ts' },
    outdir: 'dist',
  },
];

await mkdir('dist', { recursive: true });
await copyFile('node_modules/highs/build/highs.wasm', 'dist/highs.wasm');
for (const options of builds) {
  if (watch) await (await esbuild.context(options)).watch();
  else await esbuild.build(options);
}
