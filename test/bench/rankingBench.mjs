// How far the quick depths of sensitivity rank layers as the exact one does: Spearman's correlation with the exact drop over the layers
// whose drop is above noise, with the noise at the outputs over all layers, and the place of the worst layer. On the zoo's
// networks, weights per channel and per tensor. Arguments: how many samples (64), then names of models.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { makeData } from '../zoo/measure.mjs';
import { zooModels } from '../zoo/models.mjs';
import { zooPython } from '../zoo/programs.mjs';
import { buildBench } from './buildBench.mjs';

const { root, out } = await buildBench(['rankingOne.ts']);
const count = process.argv[2] ?? '64';
const wanted = process.argv.slice(3);
const python = zooPython();
const rows = [];
const number = (value) => (value === null ? '–' : value.toFixed(2));
for (const model of zooModels.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  makeData(model, python);
  for (const weights of ['per-channel', 'per-tensor']) {
    const args = [
      join(out, 'rankingOne.mjs'),
      model.path,
      join(root, '.models', 'zoo', model.name),
      count,
      weights,
    ];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1) ?? `exit code ${status}`);
    const { layers, clear, ...depths } = JSON.parse(stdout.trim().split('\n').at(-1));
    const row = { model: model.name, weights, layers, 'above noise': clear };
    for (const [depth, { byDrop, byNoise, placeOfWorst }] of Object.entries(depths))
      row[depth] = `${number(byDrop)} / ${number(byNoise)} / ${placeOfWorst ?? '–'}`;
    rows.push(row);
    console.log(JSON.stringify(row));
  }
}
console.table(rows);
