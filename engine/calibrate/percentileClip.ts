import type { Magnitudes } from '../stats/magnitudes';

/**
 * The magnitude that `percent` of all values do not exceed, taken as evenly spread within its bin.
 * (The companion toolkit answers the bin's lower edge, which clips more than was asked for.)
 */
export function percentileClip({ counts, binWidth, total, max }: Magnitudes, percent: number): number {
  const wanted = (total * percent) / 100;
  let below = 0;
  for (const [i, n] of counts.entries()) {
    if (n > 0 && below + n >= wanted) return Math.min(max, binWidth * (i + (wanted - below) / n));
    below += n;
  }
  return max;
}
