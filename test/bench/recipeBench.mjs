// What an editor waits for while a recipe of 5,000 rules is written beside a model of 5,000 layers: milliseconds of a processor, and
// how many bare parses of the text that is. Argument: how many versions of the text are looked at (15).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildBench } from './buildBench.mjs';

const { root, out } = await buildBench(['recipeFeatures.ts']);
const args = [join(out, 'recipeFeatures.mjs'), ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
