import { formatDb, formatTarget } from './format';
import type { MetricName } from './protocol/choices';
import type { TargetVerdict, VerdictKind } from './protocol/report';

/** Where scores of SQNR end: no noise at all. */
export const MAX_SQNR_DB = 100;
/** The drop from the float score that is accepted where nobody says another. */
export const DEFAULT_DROP = 0.01;
/** A score that equals the bar but for rounding meets it. */
const ROUNDING = 1e-9;

/** The lowest score that a drop of `targetDrop` (0.01 for 1%) from the float model's score still allows. */
export function targetScore(metric: MetricName, floatScore: number, targetDrop: number): number {
  // For SQNR the drop is the noise's share of the signal's power.
  if (metric === 'sqnr') return Math.min(MAX_SQNR_DB, -10 * Math.log10(targetDrop));
  return floatScore * (1 - targetDrop);
}

/** Whether a score is within the accepted drop: score ≥ float · (1 − drop), for sqnr score ≥ −10 · log10(drop). */
export function meetsTarget(
  metric: MetricName,
  floatScore: number,
  score: number,
  targetDrop: number,
): boolean {
  return score >= targetScore(metric, floatScore, targetDrop) - ROUNDING;
}

/** The target in words: `within 1% of float`, `at least 20.0 dB`. */
export function describeTarget(metric: MetricName, targetDrop: number): string {
  return metric === 'sqnr'
    ? `at least ${formatDb(targetScore(metric, 0, targetDrop))}`
    : `within ${formatTarget(targetDrop)} of float`;
}

/** Metrics that know no truth. */
export function comparesWithFloat(metric: MetricName): boolean {
  return metric === 'agreement' || metric === 'cosine' || metric === 'sqnr';
}

const verdictWords: Record<VerdictKind, string> = {
  met: 'met',
  missed: 'missed',
  inconclusive: 'inconclusive',
  'not-measurable': 'not measurable',
};

/** A verdict in a word or two. */
export function verdictWord({ kind }: Pick<TargetVerdict, 'kind'>): string {
  return verdictWords[kind];
}

/** What came of the target, after a score: `within 1% of float`, `not at least 20.0 dB`, `too few samples for a verdict`. */
export function describeVerdict(
  metric: MetricName,
  targetDrop: number,
  { kind }: Pick<TargetVerdict, 'kind'>,
): string {
  switch (kind) {
    case 'met':
      return describeTarget(metric, targetDrop);
    case 'missed':
      return `not ${describeTarget(metric, targetDrop)}`;
    case 'inconclusive':
      return 'too few samples for a verdict';
    case 'not-measurable':
      return 'not measurable';
  }
}
