import { NORMAL_95, pairedDifference, type WeightedValue } from './pairedDifference';

/**
 * Whether a part of the samples says on which side of a threshold a drop lies: its interval of 95% does not hold the threshold,
 * narrowed for those that were seen of all (finite population correction). One sample more that loses all it is worth, or as
 * much as any can, is allowed for besides, since the scores of those that happened not to change tell of no spread.
 * @param float of the samples that were run, in their order
 * @param scores of the same samples
 * @param all how many samples there are
 * @param mostLost by one sample, times its weight, where that is known of others
 */
export function isDropSettled(
  float: readonly WeightedValue[],
  scores: readonly WeightedValue[],
  all: number,
  threshold: number,
  mostLost = Infinity,
): boolean {
  const { difference, standardError } = pairedDifference(float, scores);
  const weights = float.reduce((sum, { weight }) => sum + weight, 0);
  const worst = float.reduce((most, { value, weight }) => Math.max(most, Math.abs(value) * weight), 0);
  if (weights === 0 || all === 0) return false;
  const unseen = Math.sqrt(Math.max(0, 1 - float.length / all));
  const half = unseen * (NORMAL_95 * standardError + Math.min(worst, mostLost) / weights);
  return Math.abs(-difference - threshold) > half;
}
