// The zoo's page from what was measured: nothing in it is written by hand but the words around the figures.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import prettier from 'prettier';
import { verdicts, shareInFloat } from './bars.mjs';
import { partFile } from './measure.mjs';
import { zooModels } from './models.mjs';
import { root } from './programs.mjs';

const NONE = '–';
const METRICS = {
  ctc: 'character accuracy',
  top1: 'accuracy',
  iou: 'IoU',
  frames: 'frame accuracy',
  segments: 'F1',
  agreement: 'agreement',
};

/** Whether this processor adds products of uint8 and int8 exactly, by an instruction of its own; `null` where that is not known. */
function hasVnni() {
  if (process.arch !== 'x64' || process.platform !== 'linux') return null;
  return / avx(512)?_vnni/.test(readFileSync('/proc/cpuinfo', 'utf8'));
}

/** The page for processors like this one: with VNNI weights have 8 bits, without 7, and all figures are others. */
export function zooFile() {
  return join(root, 'docs', hasVnni() === true ? 'zoo-vnni.md' : 'zoo.md');
}

/** The page as prettier wants it; models that were not measured are left out, and named. */
export async function zooTable() {
  const measured = zooModels.map(readParts);
  const rows = measured.filter(({ float, ours }) => float !== undefined && ours !== undefined);
  const missing = measured.filter((row) => !rows.includes(row)).map(({ name }) => name);
  const text = [
    head(rows, missing),
    scores(rows),
    calibrators(rows),
    workflow(rows.filter(({ ours }) => ours.failure === undefined)),
    cost(rows),
    bars(rows),
    settings(rows.filter(({ peer }) => peer !== undefined)),
  ].join('\n\n');
  const config = await prettier.resolveConfig(zooFile());
  return prettier.format(text, { ...config, parser: 'markdown' });
}

function readParts(model) {
  const parts = ['float', 'ours', 'peer', 'latency'].map((part) => {
    const file = partFile(model.name, part);
    return [part, existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined];
  });
  return { ...model, ...Object.fromEntries(parts) };
}

const percent = (value, digits = 1) =>
  value === undefined || value === null ? NONE : `${(100 * value).toFixed(digits)}%`.replace(/^-/, '−');
const kilobytes = (bytes) => (bytes === undefined ? NONE : `${(bytes / 1000).toFixed(0)} kB`);
const table = (header, rows) =>
  [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
/** Text from elsewhere inside a cell. */
const cell = (text) => text.replace(/[|\\`*_<>[\]]/g, '\\$&');

function head(rows, missing) {
  const version = (name) =>
    JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
  const requirements = readFileSync(join(import.meta.dirname, 'requirements.txt'), 'utf8');
  const peer = /^onnxruntime==(.+)$/m.exec(requirements)?.[1] ?? '';
  const [processor] = cpus();
  const vnni = hasVnni();
  const integers = vnni === null ? '' : vnni ? ' with VNNI' : ' without VNNI';
  // Intel's intrinsics guide, _mm256_maddubs_epi16.
  const saturates =
    vnni === false
      ? ' Without VNNI, products of uint8 and int8 are added in pairs in 16 bits, which saturate; those with weights of 7 bits do not.'
      : '';
  const times = rows
    .map(({ name }) => statSync(partFile(name, 'ours')).mtime.toISOString().slice(0, 10))
    .sort();
  const days = [...new Set([times[0], times.at(-1)])].join(' to ');
  return `# The zoo${vnni === true ? ', with VNNI' : ''}

Real networks, and two small ones trained for this, quantized by one command: \`quantscope quantize MODEL --data DATA --target-drop 1%\`.
Beside it, Python's onnxruntime.quantization on the same samples. \`npm run zoo\` measures all of it anew and writes this
page; the data is made by [test/zoo/data](../test/zoo/data), with its truth.

Measured ${days} on ${processor?.model.trim() ?? 'an unknown processor'}${integers}, ${cpus().length} threads, Node ${process.versions.node},
onnxruntime-node ${version('onnxruntime-node')}, onnxruntime ${peer} for Python.${saturates}${
    missing.length === 0 ? '' : `\n\n**Not measured: ${missing.join(', ')}.**`
  }

${table(
  ['Model', 'What is scored', 'Samples: calibration', 'evaluation'],
  rows.map(({ name, what, float }) => [
    name,
    `${what} (${METRICS[float.metric]})`,
    float.calibration,
    float.evaluation,
  ]),
)}

No sample is in both parts. What the workflow chooses, and the peer's best setting, is chosen on the calibration part; all scores are of the other.`;
}

function scores(rows) {
  const peerCell = (tried) =>
    tried === undefined ? NONE : tried.failure === undefined ? percent(tried.score) : 'fails';
  return `## Scores

On the evaluation part, all by \`quantscope evaluate\`. The peer's columns: its default call on the file as it is; the same after its opset was converted
and its constants folded; and the best of its settings below, chosen on the calibration part.

${table(
  ['Model', 'Float', 'Ours', 'Relative drop', 'Peer, default, raw', 'Peer, default, prepared', 'Peer, best'],
  rows.map(({ name, float, ours, peer }) => [
    name,
    percent(float.score),
    peerCell(ours),
    ours.failure === undefined ? percent((float.score - ours.score) / float.score, 2) : NONE,
    peerCell(peer?.raw),
    peerCell(peer?.prepared),
    peerCell(peer?.best),
  ]),
)}

${failures(rows)}`;
}

/** What failed among those columns, in a line each. */
function failures(rows) {
  return rows
    .flatMap(({ name, ours, peer }) =>
      [
        ['ours', ours],
        ['peer, default, raw', peer?.raw],
        ['peer, default, prepared', peer?.prepared],
        ['preparing for the peer', peer?.prepare],
      ].flatMap(([what, tried]) => {
        const failed = tried?.failure === undefined ? (tried?.failed ?? []) : [tried.failure];
        return failed.map((failure) => `- ${name}, ${what}: ${cell(failure)}`);
      }),
    )
    .join('\n');
}

function calibrators(rows) {
  const methods = [
    ...new Set(rows.flatMap(({ ours }) => (ours.calibrators ?? []).map(({ method }) => method))),
  ];
  return `## Each calibrator alone

Every layer in int8, nothing else done, on the evaluation part.

${table(
  ['Model', ...methods],
  rows.map(({ name, ours }) => [
    name,
    ...methods.map((method) => {
      const found = (ours.calibrators ?? []).find((one) => one.method === method);
      return found === undefined ? NONE : found.failure === undefined ? percent(found.score) : 'fails';
    }),
  ]),
)}`;
}

/** What was decided for each model, and how sure the result is. */
function workflow(rows) {
  const count = (list, one) => `${list.length} ${one}${list.length === 1 ? '' : 's'}`;
  const lines = rows.map(({ name, ours: { decisions, keepFloat, blamed, notebook } }) => {
    const { method, weights, operators, choices, remedies } = decisions;
    const blame = blamed.map(({ opType, nodes, gain }) => `${count(nodes, opType)} (+${percent(gain)})`);
    const proof = notebook.find(({ step }) => step === 'verification');
    const tried = notebook.filter(({ step }) => step !== 'verification');
    const parts = [
      `calibrator ${method}, weights ${weights}`,
      remedies.length === 0 ? 'no remedy' : `remedies ${remedies.join(', ')}`,
      `${count(operators, 'operator')} between the layers in integers`,
      ...(Object.keys(choices).length === 0
        ? []
        : [`${count(Object.keys(choices), 'layer')} not plain int8`]),
      ...(keepFloat.length === 0 ? [] : [`float: ${keepFloat.map(cell).join(', ')}`]),
      ...(blame.length === 0 ? [] : [`to blame between the layers: ${blame.join(', ')}`]),
    ];
    const sure =
      proof === undefined
        ? ''
        : ` Against float: ${proof.difference > 0 ? '+' : ''}${percent(proof.difference, 2)} ± ${percent(1.96 * proof.standardError, 2)}.`;
    return `- **${name}**: ${parts.join('; ')}. ${count(tried, 'thing')} tried.${sure}`;
  });
  return `## What the workflow did

With the interval of 95% of the difference, from the standard error over samples.

${lines.join('\n')}`;
}

function cost(rows) {
  const spread = (time) =>
    time === undefined
      ? NONE
      : `${time.ratio.median.toFixed(2)} (${time.ratio.low.toFixed(2)}–${time.ratio.high.toFixed(2)})`;
  const share = (bytes, float) => (bytes === undefined ? NONE : percent(bytes / float.bytes, 0));
  const done = rows.filter(({ ours }) => ours.failure === undefined);
  return `## What it costs and saves

Layers and their multiply-adds that onnxruntime computes in float in our file; nodes of its optimized graph; bytes of the file. Latency is the time of a
sample as a share of float's, on one thread, the models in turns on the same samples: the median of 60 to 1,000
rounds, and its quartiles. \`default\` is the peer's default call on the prepared file.

${table(
  ['Model', 'Layers in float', 'Multiply-adds in float', 'Nodes: integer', 'float'],
  done.map(({ name, ours }) => [
    name,
    `${ours.layers.filter(({ integer, opType }) => !integer && opType !== 'Gather').length} of ${ours.layers.length}`,
    percent(shareInFloat(ours.layers), 1),
    ours.integerNodes,
    ours.floatNodes,
  ]),
)}

${table(
  ['Model', 'Bytes: float', 'ours', 'share', 'peer, best', 'Latency: ours', 'peer, best', 'peer, default'],
  done.map(({ name, float, ours, peer, latency }) => [
    name,
    kilobytes(float.bytes),
    kilobytes(ours.bytes),
    share(ours.bytes, float),
    share(peer?.best?.bytes, float),
    spread(latency?.ours),
    spread(latency?.['peer-best']),
    spread(latency?.['peer-default']),
  ]),
)}`;
}

function bars(rows) {
  return `## Against the bars

Within 1% of float; at most 3% of the multiply-adds in float; at most 30% of float's bytes, for models of more than a megabyte; no slower than float; no
slower than the peer's best. Latencies that differ by less than 2% count as equal.

${rows.map((row) => `- **${row.name}**: ${verdicts(row).join('; ')}.`).join('\n')}`;
}

function settings(rows) {
  const names = [...new Set(rows.flatMap(({ peer }) => peer.settings.map(({ setting }) => setting)))];
  const errors = [
    ...new Set(rows.flatMap(({ peer }) => peer.settings.flatMap(({ failure }) => failure ?? []))),
  ];
  const shown = ({ peer }, name) => {
    const tried = peer.settings.find(({ setting }) => setting === name);
    if (tried === undefined) return NONE;
    if (tried.failure !== undefined) return `fails (${errors.indexOf(tried.failure) + 1})`;
    return peer.best?.setting === name ? `**${percent(tried.score)}**` : percent(tried.score);
  };
  return `## The peer's settings

Scores on the calibration part; in bold the one that was chosen, the fastest of equals. \`all\` is its own list of operators, \`products\` Conv, MatMul, Gemm and ConvTranspose;
weights are int8. It keeps every value for its histograms, so that entropy and percentile were given at most 24 runs of the model, MinMax 512, and each
setting 10 GB.

${table(
  ['Setting', ...rows.map(({ name }) => name)],
  names.map((name) => [name, ...rows.map((row) => shown(row, name))]),
)}

${errors.map((error, i) => `${i + 1}. ${cell(error)}`).join('\n')}`;
}
