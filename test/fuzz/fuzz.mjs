// Builds and runs the fuzzer: node test/fuzz/fuzz.mjs [--seed N] [--count N] [--native N]
// Wants dist/ (npm run build) and .models/ (scripts/setUpModels.mjs).
import esbuild from 'esbuild';
import { spawnSync } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engineVersion } from '../../scripts/engineVersion.mjs';
import { watPlugin } from '../../scripts/watPlugin.mjs';

const root = join(import.meta.dirname, '..', '..');
const out = join(root, 'out', 'fuzz');
const common = {
  absWorkingDir: root,
  outdir: out,
  bundle: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  external: ['onnxruntime-node'],
  plugins: [watPlugin],
  define: {
    QUANTSCOPE_VERSION: JSON.stringify(engineVersion),
    QUANTSCOPE_DIST: JSON.stringify(join(root, 'dist')),
    FUZZ_CHILD: JSON.stringify(join(out, 'fuzzChild.cjs')),
  },
};
await esbuild.build({
  ...common,
  entryPoints: ['test/fuzz/fuzzModels.ts'],
  outExtension: { '.js': '.mjs' },
  format: 'esm',
});
await esbuild.build({
  ...common,
  entryPoints: ['test/fuzz/fuzzChild.ts'],
  outExtension: { '.js': '.cjs' },
  // As the program is, with whose packages it comes.
  format: 'cjs',
  alias: {
    'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
    highs: './node_modules/highs/build/highs.js',
  },
});
await copyFile(join(root, 'dist', 'highs.wasm'), join(out, 'highs.wasm'));
const { status } = spawnSync(process.execPath, [join(out, 'fuzzModels.mjs'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
