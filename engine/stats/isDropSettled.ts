import { pairedDifference, type WeightedValue } from './pairedDifference';
import { NORMAL_95 } from '../shared/confidence';

/**
 * Whether a part of the samples says on which side of a threshold a drop lies: its interval of 95% does not hold the threshold,
 * narrowed for those that were seen of all (finite population correction). The scores of those that happened not to change tell
 * of no spread, so one sample more is allowed for that loses `mostLost`. That is a rule of thumb, and less than 95% where nothing
 * changed: `npm run bench:sensitivity` counts where it was wrong.
 * @param float of the samples that were run, in their order
 * @param scores of the same samples
 * @param all how many samples there are
 * @param mostLost by one sample, times its weight
 */
export function isDropSettled(
  float: readonly WeightedValue[],
  scores: readonly WeightedValue[],
  all: number,
  threshold: number,
  mostLost: number,
): boolean {
  const { difference, standardError } = pairedDifference(float, scores);
  const weights = float.reduce((sum, { weight }) => sum + weight, 0);
  if (weights === 0 || all === 0) return false;
  const unseen = Math.sqrt(Math.max(0, 1 - float.length / all));
  const half = unseen * (NORMAL_95 * standardError + mostLost / weights);
  return Math.abs(-difference - threshold) > half;
}
