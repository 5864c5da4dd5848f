// Every layer alone in int8: by what follows behind each cut, by whole models, and by the loop that users write with Python's
// onnxruntime.quantization, one model a layer, its ranges found before. All in one run, on the same samples of the zoo's data,
// on two threads. Arguments: how many samples (64), then names of models. --settled leaves all
// samples of all layers out, and --peer-samples N runs the loop on N samples, whose time is scaled: a thousand take half an hour.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeData } from '../zoo/measure.mjs';
import { zooModels } from '../zoo/models.mjs';
import { zooBenches, zooPython } from '../zoo/programs.mjs';
import { buildBench } from './buildBench.mjs';

const bench = await zooBenches();
const { root, out } = await buildBench(['sensitivityOne.ts']);
const { values, positionals } = parseArgs({
  options: { settled: { type: 'boolean' }, 'peer-samples': { type: 'string' } },
  allowPositionals: true,
});
const isFull = values.settled !== true;
const [samples = '64', ...wanted] = positionals;
const count = Number(samples);
const peerCount = Number(values['peer-samples'] ?? count);
const names = wanted.length > 0 ? wanted : ['ocr-rec', 'ocr-det', 'lines'];
const python = zooPython();

function measure(program, args) {
  const { stdout, stderr, status } = spawnSync(program, args.map(String), { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1) ?? `exit code ${status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

const full = (ours, peer) => ({
  'whole models': `${ours.wholeSeconds.toFixed(1)} s`,
  'from the cut': `${ours.seconds.toFixed(1)} s`,
  'of N passes': ours.share.toFixed(2),
  'times the peer': (peer.seconds / ours.seconds).toFixed(1),
  'worst difference': ours.worstDifference.toExponential(1),
  'settled otherwise': ours.settledOtherwise,
});

const rows = [];
for (const model of zooModels.filter(({ name }) => names.includes(name))) {
  const data = makeData(model, python, count);
  const feeds = join(out, 'feeds');
  rmSync(feeds, { recursive: true, force: true });
  bench('dumpFeeds', model.path, data, feeds, String(Math.min(count, peerCount)));
  const prepared = join(out, 'prepared.onnx');
  measure(python, [join(root, 'test/zoo/peer.py'), 'prepare', model.path, prepared]);
  const peer = measure(python, [join(import.meta.dirname, 'sensitivityPeer.py'), prepared, feeds, count]);
  const ours = measure(process.execPath, [join(out, 'sensitivityOne.mjs'), model.path, data, count, isFull]);
  rows.push({
    model: model.name,
    samples: ours.samples,
    layers: `${ours.layers} (peer ${peer.layers})`,
    peer: `${peer.seconds.toFixed(1)} s${peerCount < count ? ` (by ${peerCount} samples)` : ''}`,
    ...(isFull ? full(ours, peer) : {}),
    'until settled': `${ours.settledSeconds.toFixed(1)} s`,
    'of N passes until settled': ours.settledShare.toFixed(2),
    'times the peer until settled': (peer.seconds / ours.settledSeconds).toFixed(1),
  });
  rmSync(feeds, { recursive: true });
}
console.table(rows);
