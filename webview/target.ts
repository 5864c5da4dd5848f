import type { MetricName } from '../engine/protocol';
import { formatDb, formatTarget } from './format';

/** The engine's scores of SQNR end here. */
const MAX_SQNR_DB = 100;

/** For SQNR the accepted drop is the noise's share of the signal's power. */
function leastDb(targetDrop: number): number {
  return Math.min(MAX_SQNR_DB, -10 * Math.log10(targetDrop));
}

/** The target in words: `within 1% of float`, `at least 20.0 dB`. */
export function describeTarget(metric: MetricName, targetDrop: number): string {
  return metric === 'sqnr'
    ? `at least ${formatDb(leastDb(targetDrop))}`
    : `within ${formatTarget(targetDrop)} of float`;
}

/** Whether a score meets the target, by the engine's rule: score ≥ float · (1 − drop), for SQNR a least value. */
export function meetsTarget(metric: MetricName, float: number, score: number, targetDrop: number): boolean {
  const bar = metric === 'sqnr' ? leastDb(targetDrop) : float * (1 - targetDrop);
  // A score that equals the bar but for rounding meets it.
  return score >= bar - 1e-9;
}
