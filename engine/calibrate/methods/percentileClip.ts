import type { Magnitudes } from '../../stats/magnitudes';

/**
 * The magnitude that `percent` of all values do not exceed, taken as evenly spread within its bin, which is at most
 * 1/1024 of the magnitude wide. (The companion toolkit answers the lower edge of one of 2,048 equal bins, which clips
 * more than was asked for.)
 */
export function percentileClip(magnitudes: Magnitudes, percent: number): number {
  const { counts, zeros, total, max } = magnitudes;
  // A range of nothing has no grid: with more zeros than asked for, the least magnitude there is.
  const wanted = Math.max((total * percent) / 100, zeros + 1);
  let below = zeros;
  for (let i = 0; i < counts.length; i++) {
    const n = counts[i]!;
    if (n > 0 && below + n >= wanted) {
      return Math.min(max, magnitudes.lower(i) + magnitudes.width(i) * ((wanted - below) / n));
    }
    below += n;
  }
  return max;
}
