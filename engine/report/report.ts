import { fixesOf, FLOAT_BYTES_MORE } from './accuracyFixes';
import { formatBytes, formatMeasuredDrop, formatScore, formatShare, isNoise } from '../shared/format';
import { elementCount } from '../onnx/tensors/elements';
import type { Layer } from '../onnx/layers/layers';
import { layerInput } from './layerInput';
import type { Measured } from '../evaluate/baseline';
import type { Proof } from './verify';
import {
  REPORT_VERSION,
  type Int8Result,
  type LayerAdvice,
  type LayerReport,
  type NotebookEntry,
  type OperatorReport,
  type Report,
} from '../shared/protocol/report';
import type { ModelSummary } from '../shared/protocol/model';
import type { SettledSettings } from '../shared/protocol/settings';
import { lintTarget } from '../quantize/targets/lintTarget';
import { profiles } from '../quantize/targets/profiles';
import { withoutSuffix } from '../runtime/originalNames';
import { resultWarnings } from './resultWarnings';
import { orthogonalityOf } from '../search/diagnosis/layerOrthogonality';
import { rankLayers } from '../search/diagnosis/rankLayers';
import { NORMAL_95 } from '../shared/confidence';
import { decisionsOf, floatLayers, floatOnPurpose } from '../search/candidate/candidate';
import type { LayerScore } from '../search/diagnosis/layerSensitivity';
import type { Outcome } from '../search/tuning/tuneModel';

export interface Findings {
  summary: ModelSummary;
  settings: SettledSettings;
  dataStamp: string;
  measured: Measured;
  outcome: Outcome;
  all: Proof;
  advised: Proof;
}

/** Puts what was measured into the one form that people and programs read. */
export function buildReport(findings: Findings): Report {
  const { summary, settings, measured, outcome, all, advised } = findings;
  const { whole, chosen, blamed, ranked, notebook, calibrationTable } = outcome;
  const { float } = all;
  const { metric } = float;
  const { verdict } = advised.result;
  const choosing = { score: measured.chooser.float };
  const keepFloat = new Set(floatLayers(chosen));
  const scores = new Map(ranked.map((r) => [r.name, r]));
  const allCosts = [...measured.costs.values()].reduce((a, b) => a + b, 0);
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
        inputs: layer.activations.map((tensor) => layerInput(tensor, whole, measured)),
        sqnrDb: found.sqnrDb,
        cosine: found.cosine,
        score: found.score,
        drop: found.drop,
        standardError: found.standardError,
        samples: found.samples,
        outputDb: found.outputDb,
        outputCosine: found.outputCosine,
        orthogonality: orthogonalityOf(outcome.alikeness, layer.name),
        ...(outcome.explained.get(layer.name) ?? {
          ...{ pathDb: null, pathCosine: null, cause: null, without: null },
        }),
        mendedDb: outcome.mended.get(layer.name) ?? null,
        ranAsInteger,
        advice: adviceFor(
          found,
          keepFloat.has(layer.name),
          ranAsInteger,
          { float, choosing },
          {
            isMeasurable: verdict.kind !== 'not-measurable',
            wholeScore: outcome.wholeScore,
            without: outcome.explained.get(layer.name)?.without ?? null,
            bytes: FLOAT_BYTES_MORE * (layer.weight === null ? 0 : elementCount(layer.weight)),
            share: (measured.costs.get(layer.name) ?? 0) / (allCosts || 1),
          },
        ),
      },
    ];
  });
  const operators = outcome.operators.map((operator): OperatorReport => ({
    ...operator,
    decision: chosen.operators.has(operator.name) ? 'int8' : 'float',
  }));
  const ranking = rankLayers(ranked).map((r) => r.name);
  return {
    version: REPORT_VERSION,
    created: new Date().toISOString(),
    model: summary,
    settings,
    dataStamp: findings.dataStamp,
    float,
    int8: all.result,
    verdict,
    advised: { ...advised.result, meetsTarget: verdict.kind === 'met' },
    choosing,
    blamed,
    notebook: [...notebook, verificationEntry(advised.result, settings)],
    decisions: decisionsOf(chosen),
    nodes: all.nodes,
    layers,
    operators,
    fixes: fixesOf({ metric, targetDrop: settings.targetDrop, measured, outcome, operators }),
    interactions: outcome.interactions,
    keepFloat: ranking.filter((name) => keepFloat.has(name)),
    calibrationTable,
    lint: lintTarget(advised.model, profiles[settings.profile], floatOnPurpose(chosen)),
    warnings: resultWarnings({
      summary,
      settings,
      measured,
      decisions: decisionsOf(chosen),
      idle: chosen.idle,
      result: advised.result,
      nodes: all.nodes,
      model: advised.model,
      notebook,
    }),
  };
}

/** The last page of the notebook: the result, on samples that chose nothing where there are enough of them. */
export function verificationEntry(
  { score, difference, latencyMs }: Int8Result,
  { sharedSamples }: Pick<SettledSettings, 'sharedSamples'>,
): NotebookEntry {
  return {
    ...{
      step: 'verification',
      tried: `The result, on ${sharedSamples ? 'the samples that chose it' : 'samples that chose nothing'}`,
      score,
      latencyMs,
      kept: true,
    },
    difference: difference.difference,
    standardError: (difference.high - difference.low) / (2 * NORMAL_95),
    sqnrDb: null,
  };
}

function ranInteger(layer: Layer, integer: readonly string[]): boolean {
  return integer.some((name) => withoutSuffix(name) === layer.name);
}

/** What leaving a layer in float brings and costs. */
interface Alternative {
  /** Whether what layers cost could be measured at all. */
  isMeasurable: boolean;
  /** Everything in int8, on the samples that choose. */
  wholeScore: number;
  without: LayerReport['without'];
  /** Bytes that its weight takes more. */
  bytes: number;
  /** Its share of all multiplications with additions. */
  share: number;
}

function adviceFor(
  { drop, score, standardError }: LayerScore,
  keep: boolean,
  ranAsInteger: boolean,
  { float: { metric }, choosing }: Pick<Report, 'float' | 'choosing'>,
  { isMeasurable, wholeScore, without, bytes, share }: Alternative,
): LayerAdvice {
  const alone = !isMeasurable
    ? 'What it costs alone in int8 cannot be measured on these samples'
    : isNoise({ drop, standardError })
      ? `Alone in int8 it costs nothing beyond noise (${formatMeasuredDrop(metric, { drop, standardError })})`
      : `Alone in int8 it takes the score from ${formatScore(metric, choosing.score)} to ${formatScore(metric, score)}`;
  const slow = ranAsInteger ? '' : ' onnxruntime still computes it in float.';
  const gain =
    without === null
      ? ''
      : ` Left alone in float it takes the int8 net from ${formatScore(metric, wholeScore)} to ${formatScore(metric, without.score)}.`;
  if (!keep)
    return {
      decision: 'int8',
      reason: `${alone}.${without !== null && without.score > wholeScore + 2 * without.standardError ? gain : ''}${slow}`,
    };
  return {
    decision: 'float',
    reason: `${alone}.${gain} It costs ${formatBytes(bytes)} more, and ${formatShare(share)} of the multiply-adds.`,
  };
}
