// Builds and runs the fuzzer: node test/fuzz/fuzz.mjs [--seed N] [--count N] [--native N]
// Wants dist/ (npm run build) and .models/ (scripts/setUpModels.mjs).
import esbuild from 'esbuild';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { watPlugin } from '../../scripts/watPlugin.mjs';

const root = join(import.meta.dirname, '..', '..');
const out = join(root, 'out', 'fuzz');
await esbuild.build({
  absWorkingDir: root,
  entryPoints: ['test/fuzz/fuzzModels.ts', 'test/fuzz/fuzzChild.ts'],
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
  external: ['onnxruntime-node'],
  plugins: [watPlugin],
  define: {
    QUANTSCOPE_DIST: JSON.stringify(join(root, 'dist')),
    FUZZ_CHILD: JSON.stringify(join(out, 'fuzzChild.mjs')),
  },
});
const { status } = spawnSync(process.execPath, [join(out, 'fuzzModels.mjs'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
