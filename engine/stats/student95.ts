import { NORMAL_95 } from '../shared/confidence';

/** For 1 to 8 degrees of freedom, where the series is too short. */
const FEW = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306];

/**
 * Half width of the interval that holds 95% of Student's t distribution, exact to three digits.
 * Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.5.
 * @param freedom degrees of freedom, from 1 on
 */
export function student95(freedom: number): number {
  const few = FEW[freedom - 1];
  if (few !== undefined) return few;
  const z = NORMAL_95;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / freedom + second / freedom ** 2 + third / freedom ** 3;
}
