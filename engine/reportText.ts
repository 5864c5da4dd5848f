import {
  baseName,
  formatBlocks,
  describeForm,
  formatBytes,
  formatCount,
  formatDb,
  formatDrop,
  formatMethod,
  formatMilliseconds,
  formatNotFinite,
  formatPlural,
  formatRange,
  formatScaleCount,
  formatScore,
  formatShape,
  formatSpeed,
  shorten,
} from './format';
import type {
  FloatResult,
  Int8Result,
  LayerReport,
  ModelSummary,
  QuantizedModel,
  QuantizeResult,
  Report,
} from './protocol';
import type { Calibration } from './sensitivity/calibrationPass';
import { notFiniteCount } from './stats/histogram';
import { describeTarget } from './target';
import { textTable } from './textTable';

const NAME_WIDTH = 44;
const MOST_SENSITIVE = 10;
const MOST_GROUPS = 12;

const layerHeader = ['Layer', 'Operator', 'Weight', 'Shape', 'Size'];

/** What a model is, for a terminal. */
export function modelText(summary: ModelSummary): string {
  const operators = Object.entries(summary.operators).map(([op, n]) => `${op} ${n}`);
  const tensors = (list: ModelSummary['inputs']) =>
    list.map((t) => `${t.name} ${t.type} ${formatShape(t.dims)}`).join('; ');
  const shaped = summary.layers.some((l) => l.outputShape !== null);
  const layers = summary.layers.map((l) => [
    shorten(l.name, NAME_WIDTH),
    l.opType,
    shorten(l.weight ?? '', NAME_WIDTH),
    formatShape(l.weightShape ?? []),
    formatBytes(l.weightBytes),
    ...(shaped ? [formatShape(l.outputShape)] : []),
  ]);
  return [
    `${baseName(summary.path)}: ${formatBytes(summary.bytes)}, opset ${summary.opset}, ${formatPlural(summary.nodeCount, 'node')}, ${formatPlural(summary.layers.length, 'quantizable layer')}`,
    `Inputs: ${tensors(summary.inputs)}`,
    `Outputs: ${tensors(summary.outputs)}`,
    `Operators: ${operators.join(', ')}`,
    ...(summary.blocks.length === 0 ? [] : [`Blocks written out in parts: ${formatBlocks(summary.blocks)}`]),
    ...summary.notes.map((note) => `Note: ${note}`),
    '',
    ...(layers.length === 0
      ? []
      : [textTable([[...layerHeader, ...(shaped ? ['Output'] : [])], ...layers], 3)]),
    ...unquantizableText(summary),
    ...(summary.quantized === null ? [] : quantizedModelText(summary.quantized)),
  ].join('\n');
}

function unquantizableText({ unquantizable }: ModelSummary): string[] {
  if (unquantizable.length === 0) return [];
  const rows = unquantizable.map((u) => [shorten(u.name, NAME_WIDTH), u.opType, u.reason]);
  return ['', textTable([['Stays in float', 'Operator', 'Why'], ...rows], 3)];
}

function quantizedModelText({ form, layers, tensors }: QuantizedModel): string[] {
  const quantizedLayers = layers.map((l) => [shorten(l.name, NAME_WIDTH), l.opType, l.form]);
  const rows = tensors.map((t) => [
    shorten(t.tensor, NAME_WIDTH),
    t.kind,
    t.type,
    formatScaleCount(t),
    formatRange(t.scale),
    formatRange(t.zeroPoint),
  ]);
  return [
    '',
    `Quantized already: ${formatPlural(layers.length, 'layer')} ${describeForm(form)}.`,
    textTable([['Layer', 'Operator', 'Form'], ...quantizedLayers], 3),
    '',
    textTable([['Tensor', 'Kind', 'Type', 'Scales', 'Scale', 'Zero point'], ...rows], 4),
  ];
}

/** One row of the comparison: name, accuracy, size, latency, integer nodes. */
function resultRow(name: string, result: FloatResult | Int8Result, float: FloatResult): string[] {
  const isInt8 = 'integerNodes' in result;
  return [
    name,
    formatScore(result.metric, result.score),
    formatBytes(result.bytes),
    formatMilliseconds(result.latencyMs),
    isInt8 ? formatSpeed(float.latencyMs, result.latencyMs) : '',
    isInt8 ? `${result.integerNodes} of ${result.integerNodes + result.floatNodes}` : '',
  ];
}

const resultHeader = ['', 'Score', 'Size', 'Latency', 'Speed', 'Integer nodes'];

/** Float against int8 for one or more reports of the same model. */
export function comparisonText(reports: readonly Report[]): string {
  const [first] = reports;
  if (first === undefined) return '';
  const rows = reports.flatMap((report) => {
    const name = `int8 ${report.settings.weights}`;
    const all = resultRow(name, report.int8, first.float);
    if (report.keepFloat.length === 0) return [all];
    const kept = `  ${formatPlural(report.keepFloat.length, 'layer')} in float`;
    return [all, resultRow(kept, report.advised, first.float)];
  });
  return textTable([resultHeader, resultRow('float', first.float, first.float), ...rows], 1);
}

/**
 * What each calibrator reached with every layer in int8, on the calibration samples: a row for each network, as in the
 * paper's tables of post-training quantization. Empty where none was tried.
 */
export function calibratorsText(reports: readonly Report[]): string {
  const tried = reports.filter((report) => report.calibrationTable.length > 0);
  if (tried.length === 0) return '';
  const methods = [...new Set(tried.flatMap((report) => report.calibrationTable.map((row) => row.method)))];
  const rows = tried.map(({ model, float, settings, calibrationTable }) => [
    baseName(model.path),
    formatScore(float.metric, float.score),
    ...methods.map((method) => {
      const found = calibrationTable.find((row) => row.method === method);
      const score = found === undefined ? '' : formatScore(float.metric, found.score);
      return method === settings.method ? `${score} *` : score;
    }),
  ]);
  return [
    textTable([['Network', 'Float', ...methods.map(formatMethod)], ...rows], 1),
    'Everything in int8 with per-channel weights, on the calibration samples; float on the evaluation samples; * is used.',
  ].join('\n');
}

/** The layers that cost most, and what to do about them. */
export function layersText(report: Report): string {
  const { metric } = report.float;
  const sorted = [...report.layers].sort((a, b) => b.drop - a.drop || a.sqnrDb - b.sqnrDb);
  const row = (l: LayerReport) => [
    shorten(l.name, NAME_WIDTH),
    l.opType,
    shorten(l.weight ?? 'two activations', NAME_WIDTH),
    formatDb(l.sqnrDb),
    formatScore(metric, l.score),
    formatDrop(metric, l.drop),
  ];
  const shown = sorted.slice(0, MOST_SENSITIVE);
  const notFinite = shown.map(({ inputs }) =>
    inputs.flatMap((input) => (input.notFinite === undefined ? [] : [formatNotFinite(input.notFinite)])),
  );
  const rows = [['Layer', 'Operator', 'Weight', 'SQNR', 'Score', 'Change'], ...shown.map(row)];
  // A column of nothing would only take room.
  if (notFinite.some((found) => found.length > 0))
    rows.forEach((cells, i) => cells.push(i === 0 ? 'NaN, ±∞' : (notFinite[i - 1] ?? []).join('; ')));
  return [
    `Most sensitive of ${formatPlural(report.layers.length, 'layer')} (${report.settings.weights} weights, each alone in int8):`,
    textTable(rows, 3),
  ].join('\n');
}

/** What to keep in float, in one paragraph. */
export function adviceText(report: Report): string {
  const { metric } = report.float;
  const score = formatScore(metric, report.advised.score);
  const goal = describeTarget(metric, report.settings.targetDrop);
  const kept = report.keepFloat.length;
  const advice =
    kept === 0
      ? `Advice (${report.settings.weights}): quantize every layer; ${score} is ${goal}.`
      : `Advice (${report.settings.weights}): keep ${formatPlural(kept, 'layer')} in float; together ${score}, ${report.advised.meetsTarget ? goal : `not ${goal}`}: ${report.keepFloat.map((n) => shorten(n, NAME_WIDTH)).join(', ')}.`;
  return [advice, ...report.warnings.map((w) => `Note: ${w}`)].join('\n');
}

/** Nodes that compute in float and why, by operator and reason; empty where there are none. */
export function floatNodesText({ floatGroups, floatNodes, integerNodes }: Int8Result): string {
  if (floatGroups.length === 0) return '';
  const shown = floatGroups.slice(0, MOST_GROUPS);
  const rest = floatGroups.slice(MOST_GROUPS);
  const rows = shown.map(({ opType, nodes, reason }) => [opType, reason, String(nodes.length)]);
  if (rest.length > 0) {
    const others = rest.reduce((sum, { nodes }) => sum + nodes.length, 0);
    rows.push([
      'Others',
      `${formatPlural(rest.length, 'more reason')}; --json has them all.`,
      String(others),
    ]);
  }
  return [
    `In float: ${floatNodes} of ${formatPlural(floatNodes + integerNodes, 'node')}, as onnxruntime runs them here:`,
    textTable([['Operator', 'Why', 'Nodes'], ...rows], 2),
  ].join('\n');
}

/** What the numbers rest on. */
export function basisText({ settings }: Report): string {
  const shared = settings.sharedSamples ? ' (the same samples)' : '';
  return `${formatMethod(settings.method)} calibration on ${settings.calibrationSamples} samples, scored on ${settings.evaluationSamples}${shared}, profile ${settings.profile}.`;
}

/** One line for a finished quantization, and what is to be known of its data. */
export function quantizedText({
  output,
  float,
  int8,
  keepFloat,
  meetsTarget,
  settings,
  warnings,
}: QuantizeResult): string {
  const share = `${int8.integerNodes} of ${int8.integerNodes + int8.floatNodes} nodes in integers`;
  const kept = keepFloat.length === 0 ? '' : `, ${formatPlural(keepFloat.length, 'layer')} in float`;
  const missed = meetsTarget ? '' : ` Not ${describeTarget(int8.metric, settings.targetDrop)}.`;
  const line = `Wrote ${output}: ${formatScore(int8.metric, int8.score)} (float ${formatScore(float.metric, float.score)}), ${formatBytes(int8.bytes)} (${formatBytes(float.bytes)}), ${formatSpeed(float.latencyMs, int8.latencyMs)}, ${share}${kept}.${missed}`;
  const floats = floatNodesText(int8);
  return [line, ...warnings.map((w) => `Note: ${w}`), ...(floats === '' ? [] : ['', floats])].join('\n');
}

/** What a calibration holds, in a few lines. */
export function calibrationText({ histograms, counted, skipped }: Calibration, file: string): string {
  const states = Object.values(histograms);
  const values = states.reduce((sum, state) => sum + state.finite, 0);
  const lines = [
    `${baseName(file)}: ${formatPlural(counted.length, 'sample')}, ${formatPlural(states.length, 'tensor')}, ${formatCount(values)} values.`,
    ...skipped.map(({ name, reason }) => `Left out: ${name}. ${reason}`),
  ];
  for (const [tensor, { notFinite }] of Object.entries(histograms)) {
    const count = notFiniteCount(notFinite);
    if (count === 0) continue;
    const name = counted.find((s) => s.index === notFinite.first)?.name ?? '?';
    lines.push(
      `${tensor} held ${formatNotFinite(notFinite)}, first in sample ${name}; they are in no histogram.`,
    );
  }
  return lines.join('\n');
}
