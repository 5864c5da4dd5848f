// Every layer alone in int8: by what follows behind each cut, by whole models, and by the loop that users write with Python's
// onnxruntime.quantization, one model a layer, its ranges found before. All in one run, on the same samples of the zoo's data,
// on two threads. Arguments: how many samples (64), then names of models; --no-whole leaves the whole models out.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeData } from '../zoo/measure.mjs';
import { zooModels } from '../zoo/models.mjs';
import { zooBenches, zooPython } from '../zoo/programs.mjs';
import { buildBench } from './buildBench.mjs';

const bench = await zooBenches();
const { root, out } = await buildBench(['sensitivityOne.ts']);
const isWhole = !process.argv.includes('--no-whole');
const [samples = '64', ...wanted] = process.argv.slice(2).filter((one) => one !== '--no-whole');
const count = Number(samples);
const names = wanted.length > 0 ? wanted : ['ocr-rec', 'ocr-det', 'lines'];
const python = zooPython();

function measure(program, args) {
  const { stdout, stderr, status } = spawnSync(program, args.map(String), { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1) ?? `exit code ${status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

const rows = [];
for (const model of zooModels.filter(({ name }) => names.includes(name))) {
  const data = makeData(model, python, count);
  const feeds = join(out, 'feeds');
  rmSync(feeds, { recursive: true, force: true });
  bench('dumpFeeds', model.path, data, feeds, String(count));
  const prepared = join(out, 'prepared.onnx');
  measure(python, [join(root, 'test/zoo/peer.py'), 'prepare', model.path, prepared]);
  const peer = measure(python, [join(import.meta.dirname, 'sensitivityPeer.py'), prepared, feeds]);
  const ours = measure(process.execPath, [join(out, 'sensitivityOne.mjs'), model.path, data, count, isWhole]);
  rows.push({
    model: model.name,
    samples: ours.samples,
    layers: `${ours.layers} (peer ${peer.layers})`,
    peer: `${peer.seconds.toFixed(1)} s`,
    ...(isWhole ? { 'whole models': `${ours.wholeSeconds.toFixed(1)} s` } : {}),
    'from the cut': `${ours.seconds.toFixed(1)} s`,
    'until settled': `${ours.settledSeconds.toFixed(1)} s`,
    'of N passes': `${ours.share.toFixed(2)}, ${ours.settledShare.toFixed(2)}`,
    'times the peer': `${(peer.seconds / ours.seconds).toFixed(1)}, ${(peer.seconds / ours.settledSeconds).toFixed(1)}`,
    ...(isWhole ? { 'worst difference': ours.worstDifference.toExponential(1) } : {}),
  });
  rmSync(feeds, { recursive: true });
}
console.table(rows);
