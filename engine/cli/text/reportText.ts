import { causeTitles, describeBlamed } from '../../shared/findings';
import {
  baseName,
  formatBlocks,
  describeScore,
  describeForm,
  formatBytes,
  formatCount,
  formatDb,
  formatMethod,
  formatMilliseconds,
  formatNotFinite,
  formatOrthogonality,
  formatPlural,
  formatRange,
  formatScaleCount,
  formatScore,
  formatShape,
  formatShare,
  formatSpeedup,
  shorten,
  formatMeasuredDrop,
  isNoise,
} from '../../shared/format';
import type { Decisions } from '../../shared/protocol/choices';
import type {
  FloatResult,
  Int8Result,
  LayerReport,
  LintFinding,
  QuantizeResult,
  Report,
} from '../../shared/protocol/report';
import type { ModelSummary, QuantizedModel } from '../../shared/protocol/model';
import type { SettledSettings } from '../../shared/protocol/settings';
import type { Calibration } from '../../calibrate/calibrationPass';
import { rankLayers } from '../../search/diagnosis/rankLayers';
import { notFiniteCount } from '../../stats/histogram';
import { describeTarget, verdictWord } from '../../shared/accuracyTarget';
import { textTable } from './textTable';

const NAME_WIDTH = 44;
const MOST_SENSITIVE = 10;
const MOST_GROUPS = 12;
const MOST_NODES = 3;

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

/** One row of the comparison: name, accuracy, size, latency, integer nodes, share in float. */
function resultRow(name: string, result: FloatResult | Int8Result): string[] {
  const isInt8 = 'integerNodes' in result;
  return [
    name,
    formatScore(result.metric, result.score),
    formatBytes(result.bytes),
    formatMilliseconds(result.latencyMs),
    isInt8 ? formatSpeedup(result.speedup) : '',
    isInt8 ? `${result.integerNodes} of ${result.integerNodes + result.floatNodes}` : '',
    isInt8 ? formatShare(result.floatShare) : '',
  ];
}

const resultHeader = ['', 'Score', 'Size', 'Latency', 'Speed', 'Integer nodes', 'Multiply-adds in float'];

/** What a result leaves in float by decision: `3 layers, Softmax (1) in float`. */
function floatParts({ keepFloat, blamed }: Pick<Report, 'keepFloat' | 'blamed'>): string {
  const layers = keepFloat.length === 0 ? [] : [formatPlural(keepFloat.length, 'layer')];
  const parts = [...layers, ...blamed.map(({ opType, nodes }) => `${opType} (${nodes.length})`)];
  return parts.length === 0 ? '' : `${parts.join(', ')} in float`;
}

/** Float against int8 for one or more reports of the same model. */
export function comparisonText(reports: readonly Report[]): string {
  const [first] = reports;
  if (first === undefined) return '';
  const rows = reports.flatMap((report) => {
    const all = resultRow(`int8 ${report.settings.weights}`, report.int8);
    const kept = floatParts(report);
    return [all, resultRow(kept === '' ? '  advised' : `  ${kept}`, report.advised)];
  });
  return textTable([resultHeader, resultRow('float', first.float), ...rows], 1);
}

/**
 * A score in words: `97.1%, 0.3 points below float (95%: −0.9 to +0.2) on 300 samples that chose nothing`.
 */
function scoreText(result: Int8Result, { evaluationSamples, sharedSamples }: SettledSettings): string {
  const samples = sharedSamples
    ? `the ${formatPlural(evaluationSamples, 'sample')} that also chose it`
    : `${formatPlural(evaluationSamples, 'sample')} that chose nothing`;
  return `${describeScore(result)} on ${samples}`;
}

/** What stands between the layers and is to blame, a line each. */
export function blamedText({ blamed }: Pick<Report, 'blamed'>, { metric }: FloatResult): string {
  return blamed.map((one) => `Between the layers, ${describeBlamed(metric, one)}.`).join('\n');
}

/**
 * What each calibrator reached with everything in int8, on the samples that choose: a row for each network, as in the
 * paper's tables of post-training quantization. Empty where none was tried.
 */
export function calibratorsText(reports: readonly Report[]): string {
  const tried = reports.filter((report) => report.calibrationTable.length > 0);
  if (tried.length === 0) return '';
  const methods = [...new Set(tried.flatMap((report) => report.calibrationTable.map((row) => row.method)))];
  const rows = tried.map(({ model, float, choosing, settings, calibrationTable }) => [
    baseName(model.path),
    formatScore(float.metric, choosing.score),
    ...methods.map((method) => {
      const found = calibrationTable.find((row) => row.method === method);
      const score = found === undefined ? '' : formatScore(float.metric, found.score);
      return method === settings.method ? `${score} *` : score;
    }),
  ]);
  return [
    textTable([['Network', 'Float', ...methods.map(formatMethod)], ...rows], 1),
    'Everything in int8 with per-channel weights, and float, on the samples that choose; * is used.',
  ].join('\n');
}

/** The layers that cost most, and what to do about them. */
export function layersText(report: Report): string {
  const { metric } = report.float;
  const sorted = rankLayers(report.layers);
  const row = (l: LayerReport) => [
    shorten(l.name, NAME_WIDTH),
    l.opType,
    shorten(l.weight ?? 'two activations', NAME_WIDTH),
    formatDb(l.sqnrDb),
    formatDb(l.outputDb),
    formatOrthogonality(l.orthogonality),
    formatScore(metric, l.score),
    formatMeasuredDrop(metric, l),
    l.cause === null ? '' : causeTitles[l.cause.kind],
  ];
  const shown = sorted.slice(0, MOST_SENSITIVE);
  const noise = sorted.filter(isNoise).length;
  const notFinite = shown.map(({ inputs }) =>
    inputs.flatMap((input) => (input.notFinite === undefined ? [] : [formatNotFinite(input.notFinite)])),
  );
  const rows = [
    ['Layer', 'Operator', 'Weight', 'SQNR', 'At outputs', 'Orthogonality', 'Score', 'Change', 'Why'],
    ...shown.map(row),
  ];
  // A column of nothing would only take room.
  if (notFinite.some((found) => found.length > 0))
    rows.forEach((cells, i) => cells.push(i === 0 ? 'NaN, ±∞' : (notFinite[i - 1] ?? []).join('; ')));
  return [
    `Most sensitive of ${formatPlural(report.layers.length, 'layer')} (${report.settings.weights} weights, each alone in int8; float scores ${formatScore(metric, report.choosing.score)} on these samples):`,
    textTable(rows, 3),
    ...(noise === 0
      ? []
      : [
          `The change of ${noise === report.layers.length ? 'every layer' : formatPlural(noise, 'layer')} is within its noise, twice what stands behind ±.`,
        ]),
    ...settledEarly(report),
  ].join('\n');
}

function settledEarly({ layers, settings: { choosingSamples: all } }: Report): string[] {
  const early = layers.map((l) => l.samples).filter((samples) => samples < all);
  if (early.length === 0) return [];
  const [least, most] = [Math.min(...early), Math.max(...early)];
  const range = least === most ? `${least}` : `${least} to ${most}`;
  return [
    `${formatPlural(early.length, 'layer')} ended after ${range} of ${all} samples: these settled whether the drop matters.`,
  ];
}

/** What came of the target, and why: `Verdict: met (within 1% of float). At most 0.4 points lost (95%), and 1.0 points may be lost.` */
export function verdictText(
  { metric, verdict }: Pick<Int8Result, 'metric' | 'verdict'>,
  { targetDrop }: Pick<SettledSettings, 'targetDrop'>,
): string {
  const { kind, reason } = verdict;
  // What cannot be measured is near to nothing.
  const goal = kind === 'not-measurable' ? '' : ` (target: ${describeTarget(metric, targetDrop)})`;
  return `Verdict: ${verdictWord(verdict)}${goal}. ${reason}`;
}

/** What to keep in float, in one paragraph. */
export function adviceText(report: Report): string {
  const score = scoreText(report.advised, report.settings);
  const kept = report.keepFloat.map((n) => shorten(n, NAME_WIDTH)).join(', ');
  const what =
    kept === ''
      ? 'quantize every layer'
      : `keep ${formatPlural(report.keepFloat.length, 'layer')} in float (${kept})`;
  const advice = `Advice (${report.settings.weights}): ${what}: ${score}.`;
  return [
    advice,
    verdictText(report.advised, report.settings),
    ...report.warnings.map((w) => `Note: ${w}`),
  ].join('\n');
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
  const { calibrationSamples, choosingSamples, evaluationSamples, sharedSamples } = settings;
  const samples = sharedSamples
    ? `chosen and proved on ${evaluationSamples} (the same samples)`
    : `chosen on ${choosingSamples}, proved on ${evaluationSamples}`;
  return `${formatMethod(settings.method)} calibration on ${formatPlural(calibrationSamples, 'sample')}, ${samples}, profile ${settings.profile}.`;
}

const severities = { refuses: 'Refused', float: 'In float', slow: 'Slow' } as const;

/** What a target would not do as hoped, by severity and operator. */
export function lintText(findings: readonly LintFinding[]): string {
  if (findings.length === 0)
    return 'Nothing to say: the target takes all of it, and computes it on integers.';
  return findings
    .map(({ severity, opType, nodes, message, hint }) => {
      const which = nodes.slice(0, MOST_NODES).map((name) => shorten(name, NAME_WIDTH));
      const more = nodes.length > which.length ? ` and ${nodes.length - which.length} more` : '';
      const names = nodes.length === 0 ? '' : `\n  ${which.join(', ')}${more}`;
      const what = opType === '' ? 'model' : `${nodes.length} ${opType}`;
      return `${severities[severity]}: ${what}. ${message} ${hint}${names}`;
    })
    .join('\n');
}

/** How many layers are on other grids than int8, or stored as halves: `, 9 int4-block`. */
function gridsText({ choices }: Decisions): string {
  const counts = new Map<string, number>();
  for (const choice of Object.values(choices))
    if (choice !== 'float') counts.set(choice, (counts.get(choice) ?? 0) + 1);
  return [...counts].map(([choice, count]) => `, ${formatPlural(count, 'layer')} ${choice}`).join('');
}

/** A finished quantization with its proof, and what is to be known of it. */
export function quantizedText(result: QuantizeResult): string {
  const { output, float, int8, keepFloat, settings, decisions, lint, warnings } = result;
  const kept = keepFloat.length === 0 ? '' : `, ${formatPlural(keepFloat.length, 'layer')} in float`;
  const blamed = blamedText(result, float);
  const floats = floatNodesText(int8);
  const refused = lint.filter((finding) => finding.severity === 'refuses');
  const refusals = refused.length === 0 ? [] : [lintText(refused)];
  return [
    `Wrote ${output}: ${scoreText(int8, settings)}.`,
    verdictText(int8, settings),
    `${formatBytes(int8.bytes)} (float ${formatBytes(float.bytes)}), ${formatSpeedup(int8.speedup)}, ` +
      `${int8.integerNodes} of ${int8.integerNodes + int8.floatNodes} nodes in integers, ` +
      `${formatShare(int8.floatShare)} of multiply-adds in float${gridsText(decisions)}${kept}.`,
    ...(blamed === '' ? [] : [blamed]),
    ...refusals,
    ...warnings.map((w) => `Note: ${w}`),
    ...(floats === '' ? [] : ['', floats]),
  ].join('\n');
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
