import {
  formatAmount,
  formatBytes,
  formatDb,
  formatDrop,
  formatExactCount,
  formatMeasuredDrop,
  formatMilliseconds,
  formatPlural,
  formatScore,
  formatShare,
} from './format';
import type { BlamedOperators, CauseKind, Fix, Interactions, LayerReport } from './protocol/report';
import type { MetricName, RemedyName } from './protocol/choices';

/** What a cause is called. */
export const causeTitles: Readonly<Record<CauseKind, string>> = {
  'weight-channels': 'channels of unlike range',
  'lost-channels': 'channels round to nothing',
  'low-rank': 'weight of low rank',
  outliers: 'outliers',
  'unlike-parts': 'joined unlike ranges',
  'shared-grid': 'grid of a wider tensor',
  'half-unused': 'half the grid unused',
  'lobe-lost': 'negative lobe lost',
  upstream: 'error from before',
  magnified: 'noise magnified behind',
  coarse: '8 bits too few',
};

/** What remedies that change how far activations reach, or their grids do, have done. */
export const rangeRemedies: Readonly<Partial<Record<RemedyName, string>>> = {
  equalize: 'neighbouring layers equalized',
  'split-depthwise': 'depthwise convolutions split by range',
  gelu10: 'GELU clipped',
};

/** Those of the remedies that change how far activations or their grids reach; the others change weights and biases. */
export function thatChangeRanges(remedies: readonly RemedyName[]): RemedyName[] {
  return remedies.filter((name) => Object.hasOwn(rangeRemedies, name));
}

/** What operators between the layers cost in int8: `Mul (12) costs 3.1 points in int8: stays in float`. */
export function describeBlamed(metric: MetricName, { opType, nodes, gain }: BlamedOperators): string {
  const name = `${opType} (${formatExactCount(nodes.length)})`;
  // A type that left together with others may have gained nothing by itself.
  return gain > 0
    ? `${name} costs ${formatAmount(metric, gain)} in int8: stays in float`
    : `${name} costs accuracy in int8 together with others: stays in float`;
}

/** What a fix gains: `51.8% → 97.0% ± 1.1 points`. */
export function fixGain(metric: MetricName, { from, to, standardError }: Fix): string {
  return `${formatScore(metric, from)} → ${formatScore(metric, to)} ± ${formatAmount(metric, standardError)}`;
}

/** What a fix costs: `+0.9 MB, +1.2% of multiply-adds in float, +0.31 ms`, or `nothing as it runs`. */
export function fixCost({ bytes, floatShare, milliseconds }: Fix): string {
  const costs = [
    ...(bytes > 0 ? [`+${formatBytes(bytes)}`] : []),
    ...(floatShare > 0 ? [`+${formatShare(floatShare)} of multiply-adds in float`] : []),
    ...(milliseconds === null || milliseconds <= 0 ? [] : [`+${formatMilliseconds(milliseconds)}`]),
  ];
  return costs.length === 0 ? 'nothing as it runs' : costs.join(', ');
}

/** What mending a layer's cause saves at its own output, foretold and measured; empty where neither is known. */
export function savedNoise({
  cause,
  sqnrDb,
  mendedDb,
}: Pick<LayerReport, 'cause' | 'sqnrDb' | 'mendedDb'>): string {
  const foretold =
    cause?.gainDb == null ? '' : `That is foretold to save ${formatDb(cause.gainDb)} at its output.`;
  return [foretold, measuredNoise(formatDb(sqnrDb), mendedDb)].filter((part) => part !== '').join(' ');
}

function measuredNoise(before: string, mendedDb: number | null): string {
  if (mendedDb === null) return '';
  const after = formatDb(mendedDb);
  return after === before
    ? `What is advised leaves it at ${before}.`
    : `What is advised takes it from ${before} to ${after}.`;
}

/** That the layers' drops do not add up, in a sentence. */
export function describeInteractions(
  metric: MetricName,
  { layers, jointDrop, sumOfDrops, standardError, samples }: Interactions,
): string {
  const off = formatMeasuredDrop(metric, { drop: jointDrop - sumOfDrops, standardError });
  const [each, all] = layers === null ? ['each', 'all'] : [`each of the ${layers} that cost most`, 'these'];
  return (
    `The layers do not add up: on ${formatPlural(samples, 'sample')} ${each} alone changes the score by ${formatDrop(metric, sumOfDrops)} in sum, ` +
    `${all} together by ${formatDrop(metric, jointDrop)} (${off} apart).`
  );
}
