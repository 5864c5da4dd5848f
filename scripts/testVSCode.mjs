// Builds test/vscode and runs it inside a real editor (.vscode-test.mjs says which). Flags go to vscode-test.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import esbuild from 'esbuild';
import { makeTestWorkspace } from './testWorkspace.mjs';

const root = join(import.meta.dirname, '..');
const tests = readdirSync(join(root, 'test/vscode')).filter((name) => name.endsWith('.test.ts'));
rmSync(join(root, 'out/vscode-tests'), { recursive: true, force: true });
await esbuild.build({
  absWorkingDir: root,
  entryPoints: tests.map((name) => join('test/vscode', name)),
  outdir: 'out/vscode-tests',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  sourcemap: true,
  external: ['vscode', 'mocha'],
  logLevel: 'warning',
});
makeTestWorkspace(join(root, 'out/vscode-workspace'));

// Analyses of earlier runs would make the first assertion of the next run pass for the wrong reason.
const cache = mkdtempSync(join(tmpdir(), 'quantscope-cache-'));
const runner = join(root, 'node_modules/@vscode/test-cli/out/bin.mjs');
const done = spawnSync(process.execPath, [runner, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, QUANTSCOPE_CACHE: cache },
});
rmSync(cache, { recursive: true, force: true });
process.exitCode = done.status ?? 1;
