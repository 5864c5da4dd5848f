// How fast depthwise convolutions of 3 × 3 are by their number of channels, in float and in int8, one thread.
// Argument: how many runs (200).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildBench } from './buildBench.mjs';

const { root, out } = await buildBench(['depthwiseChannels.ts']);
const args = [join(out, 'depthwiseChannels.mjs'), ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
