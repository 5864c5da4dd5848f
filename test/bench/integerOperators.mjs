// Which operators onnxruntime runs on integers between DequantizeLinear and QuantizeLinear, on this processor, whether
// the grids of input and output may differ, and how fast they are against float: time ÷ float's, one thread.
// Arguments: how many runs (60), then names of operators.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildBench } from './buildBench.mjs';

const { root, out } = await buildBench(['integerOperators.ts']);
const args = [join(out, 'integerOperators.mjs'), ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
