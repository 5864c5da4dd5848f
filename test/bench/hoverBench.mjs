// How long a hover over a name takes with an analyzed model of 5,000 layers open, asked as the editor asks: through the engine's process.
// Fails beyond 20 ms for one in twenty, as long as nothing else runs. Argument: how many names of each kind are asked for (200).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildBench } from './buildBench.mjs';

const { root, out } = await buildBench(['hoverNames.ts']);
const args = [join(out, 'hoverNames.mjs'), ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
