import type { Magnitudes } from '../stats/magnitudes';

/**
 * The magnitude that `percent` of all values do not exceed, taken as evenly spread within its bin, which is at most
 * 1/1024 of the magnitude wide. (The companion toolkit answers the lower edge of one of 2,048 equal bins, which clips
 * more than was asked for.)
 */
export function percentileClip(
  { lower, width, counts, zeros, total, max }: Magnitudes,
  percent: number,
): number {
  const wanted = (total * percent) / 100;
  let below = zeros;
  // A range of nothing has no grid: with more zeros than asked for, the least magnitude there is.
  if (below >= wanted) return Math.min(max, (lower[0] ?? 0) + (width[0] ?? 0));
  for (const [i, n] of counts.entries()) {
    if (below + n >= wanted) return Math.min(max, (lower[i] ?? 0) + (width[i] ?? 0) * ((wanted - below) / n));
    below += n;
  }
  return max;
}
