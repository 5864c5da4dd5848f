import type { MetricName } from '../../protocol';

/** A score for people: `98.1%`, `31.2 dB`, or `0.9987` for a cosine, of which percents would say nothing. */
export function formatScore(metric: MetricName, score: number): string {
  if (metric === 'sqnr') return `${score.toFixed(1)} dB`;
  return metric === 'cosine' ? score.toFixed(4) : `${(100 * score).toFixed(1)}%`;
}
