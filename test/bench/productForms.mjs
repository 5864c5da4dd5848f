// How fast each form of a product by constant weights is that reads and writes floats: time ÷ float's, one thread.
// Argument: how many runs (60).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildBench } from './buildBench.mjs';

const { root, out } = await buildBench(['productForms.ts']);
const args = [join(out, 'productForms.mjs'), ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
