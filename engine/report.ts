import { formatBlocks, formatNotFinite, formatPlural, formatScore } from './format';
import type { Layer } from './onnx/layers';
import type { Measured, Planned } from './preparation';
import type { Proof } from './proof';
import { REPORT_VERSION } from './protocol';
import type {
  HistogramData,
  LayerAdvice,
  LayerInput,
  LayerReport,
  MetricName,
  ModelSummary,
  Report,
  SettledSettings,
} from './protocol';
import { withoutSuffix } from './runtime/originalNames';
import { rankLayers, type Ranked, type Selection } from './sensitivity/selectFloatLayers';
import { notFiniteCount, type HistogramState } from './stats/histogram';
import { LINEAR_BINS, linearBins } from './stats/linearBins';
import { rebin } from './stats/rebin';

/** A layer as measured alone. */
export interface LayerScore extends Ranked {
  score: number;
}

/** Bins on each side of zero in a report: more than a screen shows, few enough for thousands of tensors. */
const REPORT_BINS = 512;

export interface Findings {
  summary: ModelSummary;
  settings: SettledSettings;
  measured: Measured;
  planned: Planned;
  ranked: LayerScore[];
  selection: Selection;
  all: Proof;
  advised: Proof;
}

/** Puts what was measured into the one form that people and programs read. */
export function buildReport(findings: Findings): Report {
  const { summary, settings, measured, planned, ranked, selection, all, advised } = findings;
  const { float } = all;
  const inputOf = (tensor: string): LayerInput => {
    const state = measured.histograms[tensor];
    return {
      tensor,
      histogram: state === undefined ? { binWidth: 1, positive: [], negative: [] } : drawnHistogram(state),
      min: state?.min ?? 0,
      max: state?.max ?? 0,
      ...notFiniteOf(state, measured),
      clips: Object.fromEntries(
        [...planned.clips].map(([method, clips]) => [method, clips.get(tensor) ?? 0]),
      ),
      method: planned.methods.get(tensor) ?? 'max',
    };
  };
  const keepFloat = new Set(selection.keepFloat);
  const scores = new Map(ranked.map((r) => [r.name, r]));
  const integer = all.nodes.filter((n) => n.kind === 'integer').map((n) => n.name);
  const layers = measured.layers.flatMap((layer): LayerReport[] => {
    const found = scores.get(layer.name);
    if (found === undefined) return [];
    const ranAsInteger = ranInteger(layer, integer);
    return [
      {
        name: layer.name,
        opType: layer.opType,
        weight: layer.weight?.name ?? null,
        inputs: layer.activations.map(inputOf),
        sqnrDb: found.sqnrDb,
        score: found.score,
        drop: found.drop,
        ranAsInteger,
        advice: adviceFor(found, keepFloat.has(layer.name), ranAsInteger, float.metric, float.score),
      },
    ];
  });
  const ranking = rankLayers(ranked).map((r) => r.name);
  return {
    version: REPORT_VERSION,
    created: new Date().toISOString(),
    model: summary,
    settings,
    float,
    int8: all.result,
    advised: { ...advised.result, meetsTarget: selection.meetsTarget },
    nodes: all.nodes,
    layers,
    keepFloat: ranking.filter((name) => keepFloat.has(name)),
    calibrationTable: planned.calibrationTable,
    warnings: warningsOf(findings),
  };
}

function notFiniteOf(
  state: HistogramState | undefined,
  { samples }: Measured,
): Pick<LayerInput, 'notFinite'> {
  if (state === undefined || notFiniteCount(state.notFinite) === 0) return {};
  const { first, ...counts } = state.notFinite;
  return { notFinite: { ...counts, sample: samples.counted.find((s) => s.index === first)?.name ?? null } };
}

function drawnHistogram(state: HistogramState): HistogramData {
  const { binWidth, positive, negative } = linearBins(state);
  const factor = LINEAR_BINS / REPORT_BINS;
  return {
    binWidth: binWidth === 0 ? 1 : binWidth * factor,
    positive: rebin(positive, factor),
    negative: rebin(negative, factor),
  };
}

function ranInteger(layer: Layer, integer: readonly string[]): boolean {
  return integer.some((name) => withoutSuffix(name) === layer.name);
}

/** A drop below this share of the float score is called nothing. */
const NOTHING = 0.0005;

function adviceFor(
  { drop, score, sqnrDb }: LayerScore,
  keep: boolean,
  ranAsInteger: boolean,
  metric: MetricName,
  floatScore: number,
): LayerAdvice {
  const effect =
    Math.abs(drop) <= NOTHING * Math.abs(floatScore)
      ? `Alone in int8 it leaves the score at ${formatScore(metric, score)}`
      : `Alone in int8 it takes the score from ${formatScore(metric, floatScore)} to ${formatScore(metric, score)}`;
  const noise = `its output keeps ${sqnrDb.toFixed(1)} dB over the noise`;
  if (keep) return { decision: 'float', reason: `${effect}; ${noise}.` };
  const slow = ranAsInteger ? '' : ' onnxruntime still computes it in float.';
  return { decision: 'int8', reason: `${effect}; ${noise}.${slow}` };
}

/** The first few names and how many more there are. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3);
  return shown.join(', ') + (names.length > shown.length ? ` and ${names.length - shown.length} more` : '');
}

function warningsOf({ measured, settings, selection, all, summary }: Findings): string[] {
  const { float } = all;
  const warnings: string[] = measured.reference.warning === null ? [] : [measured.reference.warning];
  warnings.unshift(...measured.dataset.warnings);
  for (const [tensor, state] of Object.entries(measured.histograms)) {
    const { notFinite } = notFiniteOf(state, measured);
    if (notFinite === undefined) continue;
    const where = notFinite.sample === null ? '' : `, first in sample ${notFinite.sample}`;
    warnings.push(`${tensor} held ${formatNotFinite(notFinite)}${where}; they were left out.`);
  }
  for (const [part, skipped] of [
    ['calibrate', measured.samples.skipped],
    ['evaluate', measured.evaluator.skipped],
  ] as const) {
    const [one] = skipped;
    if (one === undefined) continue;
    const names = listed(skipped.map((s) => s.name));
    warnings.push(
      `Could not ${part} with ${formatPlural(skipped.length, 'sample')}: ${names}. ${one.reason}`,
    );
  }
  if (settings.sharedSamples) {
    const count = settings.evaluationSamples;
    warnings.push(`Only ${count} samples: they both calibrate and evaluate, so the scores flatter int8.`);
  }
  const floatNodes = new Set(all.nodes.filter((n) => n.kind === 'float').map((n) => n.name));
  const inFloat = summary.blocks.filter((block) => block.nodes.some((name) => floatNodes.has(name)));
  if (inFloat.length > 0) {
    warnings.push(
      `${formatBlocks(inFloat)} between the layers run in float: activations are converted there and back around each.`,
    );
  }
  for (const reason of new Set(summary.unquantizable.map((u) => u.reason))) {
    const names = summary.unquantizable.filter((u) => u.reason === reason).map((u) => u.name);
    warnings.push(`Stays in float: ${listed(names)}. ${reason}`);
  }
  const { unreached } = measured;
  if (unreached.length > 0) {
    const names = listed(unreached.map((l) => l.name));
    warnings.push(
      `${formatPlural(unreached.length, 'layer')} stayed in float because no calibration sample reached them: ${names}.`,
    );
  }
  if (!selection.meetsTarget) {
    warnings.push(
      'No choice of float layers that was tried meets the target; the best one found is advised.',
    );
  }
  if (all.result.latencyMs > float.latencyMs) {
    const times = (all.result.latencyMs / float.latencyMs).toFixed(1);
    warnings.push(`int8 is ${times}× slower than float on this machine.`);
  }
  if (all.result.bytes > summary.bytes) warnings.push('The int8 file is larger than the float file.');
  return warnings;
}
