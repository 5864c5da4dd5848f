// What is measured of one network, each part into a file of its own under out/zoo/, so that it can be repeated alone.
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { digitsFolder, must, quantscope, results, root, tell } from './programs.mjs';

const PEER = join(import.meta.dirname, 'peer.py');
const METHODS = [
  ...['max', 'entropy', 'mse'],
  ...['99.9', '99.99', '99.999', '99.9999'].map((share) => `percentile:${share}`),
];
const TARGET = '1%';

export const partFile = (name, part) => join(results, name, `${part}.json`);
const dataFolder = (name) => join(root, '.models', 'zoo', name);

function keep(name, part, value) {
  mkdirSync(join(results, name), { recursive: true });
  writeFileSync(partFile(name, part), `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Makes the labelled data, unless it is there.
 * @param least how many samples are to calibrate: where the zoo has fewer, the data is made with so many, beside the zoo's
 * @returns its folder
 */
export function makeData({ name }, python, least = 0) {
  const make = (folder, ...count) => {
    if (statSync(join(folder, 'quantscope.json'), { throwIfNoEntry: false }) === undefined)
      must(python, [join(import.meta.dirname, 'data', 'make.py'), name, folder, digitsFolder(), ...count]);
    return folder;
  };
  const folder = make(dataFolder(name));
  const isEnough = manifestOf(folder).calibration.length >= least;
  return isEnough ? folder : make(dataFolder(`${name}-${least}`), String(least));
}

const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'quantscope.json'), 'utf8'));

/** Score on the evaluation part of `data`; `{ failure }` where the model cannot be run. */
function score({ name, path, agreement }, model, data) {
  const against = agreement && model !== path ? ['--against', path] : [];
  return quantscope(`${name}/score.json`, 'evaluate', model, '--data', data, ...against);
}

/** The float model: its score, size and the sizes of both parts. */
export function measureFloat(zooModel) {
  const { name, path, agreement } = zooModel;
  const manifest = manifestOf(dataFolder(name));
  const of = agreement ? { metric: 'agreement', score: 1 } : score(zooModel, path, dataFolder(name));
  if (of.failure !== undefined) throw new Error(`${name}: ${of.failure}`);
  const counts = { calibration: manifest.calibration.length, evaluation: manifest.evaluation.length };
  keep(name, 'float', {
    metric: of.metric,
    score: of.score,
    bytes: statSync(join(root, path)).size,
    ...counts,
  });
}

/** The workflow once, then each calibrator alone with every layer in int8. */
export function measureOurs(zooModel, bench) {
  const { name, path } = zooModel;
  const data = dataFolder(name);
  const folder = join(results, name);
  mkdirSync(folder, { recursive: true });
  const model = join(folder, 'ours.onnx');
  const start = performance.now();
  const result = quantscope(
    `${name}/workflow.json`,
    'quantize',
    path,
    ...['--data', data],
    ...['--target-drop', TARGET],
    '-o',
    model,
  );
  const seconds = (performance.now() - start) / 1000;
  if (result.failure !== undefined) {
    keep(name, 'ours', { failure: result.failure, seconds });
    return;
  }
  const calibrated = join(folder, 'calibrated.bin');
  must(process.execPath, ['dist/quantscope.js', 'calibrate', path, '--data', data, '-o', calibrated]);
  const calibrators = METHODS.map((method) => {
    const out = join(folder, 'calibrator.onnx');
    const options = ['--data', data, '--calibration', method, '--calibrated', calibrated, '-o', out];
    const { failure, int8 } = quantscope(`${name}/calibrator.json`, 'quantize', path, ...options);
    return failure === undefined ? { method, score: int8.score } : { method, failure };
  });
  const scored = score(zooModel, model, data);
  const ran = bench('multiplyAdds', path, model, data);
  const bytes = statSync(model).size;
  keep(name, 'ours', { ...scored, bytes, seconds, calibrators, ...workflowFacts(result), ...ran });
}

/** What is read from the JSON of `quantize`; all else is measured from the file that it wrote. */
function workflowFacts({ keepFloat, decisions, blamed, notebook, meetsTarget, warnings }) {
  return { keepFloat, decisions, blamed, notebook, meetsTarget, warnings };
}

/** The calibration part as a folder whose samples are scored: for choosing among the peer's settings. */
function scoringFolder(name) {
  const data = dataFolder(name);
  const folder = join(results, name, 'calibration');
  const manifest = JSON.parse(readFileSync(join(data, 'quantscope.json'), 'utf8'));
  const { calibration, alphabet } = manifest;
  for (const file of [...calibration.map((sample) => sample.file), ...(alphabet ? [alphabet.file] : [])]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(data, file), join(folder, file));
  }
  writeFileSync(join(folder, 'quantscope.json'), JSON.stringify({ ...manifest, evaluation: calibration }));
  return folder;
}

/** Its default call on the file as it is and on the prepared one, and every setting on the prepared one. */
export function measurePeer(zooModel, bench, python) {
  const { name, path } = zooModel;
  const data = dataFolder(name);
  const folder = join(results, name);
  const feeds = join(folder, 'feeds');
  rmSync(feeds, { recursive: true, force: true });
  const { runs } = bench('dumpFeeds', path, data, feeds);
  const scoring = scoringFolder(name);
  const made = (setting, model, out, on) => {
    const quantized = tell(python, [PEER, 'quantize', setting, model, feeds, out]);
    if (quantized.failure !== undefined) return { setting, ...quantized };
    const { failure, score: value, latencyMs } = score(zooModel, out, on);
    const scored = failure === undefined ? { score: value, latencyMs } : { failure };
    return { setting, ...quantized, ...scored, bytes: statSync(out).size };
  };
  const raw = made('default', path, join(folder, 'peer-raw.onnx'), data);
  const prepared = join(folder, 'prepared.onnx');
  const { failed, failure } = tell(python, [PEER, 'prepare', path, prepared]);
  if (failure !== undefined) {
    keep(name, 'peer', { runs, raw, prepare: { failure }, settings: [] });
    return;
  }
  const preparedDefault = made('default', prepared, join(folder, 'peer-default.onnx'), data);
  const best = join(folder, 'peer-best.onnx');
  const settings = [];
  let chosen;
  for (const setting of tell(python, [PEER, 'list'])) {
    const out = join(folder, 'peer-tried.onnx');
    const tried = made(setting, prepared, out, scoring);
    settings.push(tried);
    if (tried.failure !== undefined || !isBetter(tried, chosen)) continue;
    chosen = tried;
    copyFileSync(out, best);
  }
  const evaluated = chosen === undefined ? undefined : score(zooModel, best, data);
  const end = evaluated && { setting: chosen.setting, bytes: statSync(best).size, score: evaluated.score };
  keep(name, 'peer', { runs, raw, prepare: { failed }, prepared: preparedDefault, settings, best: end });
  rmSync(feeds, { recursive: true });
}

/** The better score; of equal ones the faster. */
function isBetter(one, other) {
  if (other === undefined || one.score !== other.score) return !(one.score <= other?.score);
  return one.latencyMs < other.latencyMs;
}

/** Float, ours and the peer's models in turns, one thread. */
export function measureLatency({ name, path }, bench) {
  const there = (file) => statSync(join(results, name, file), { throwIfNoEntry: false }) !== undefined;
  const files = ['ours', 'peer-best', 'peer-raw', 'peer-default'].filter((file) => there(`${file}.onnx`));
  const models = [path, ...files.map((file) => join(results, name, `${file}.onnx`))];
  const { rounds, models: times } = bench('timeModels', dataFolder(name), ...models);
  const named = times.map((time, i) => [i === 0 ? 'float' : files[i - 1], time]);
  keep(name, 'latency', { rounds, ...Object.fromEntries(named) });
}
