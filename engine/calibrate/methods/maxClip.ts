import type { Magnitudes } from '../../stats/magnitudes';

/** The largest |x|: nothing is clipped. */
export function maxClip(magnitudes: Magnitudes): number {
  return magnitudes.max;
}
