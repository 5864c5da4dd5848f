import { expect, test } from 'vitest';
import { student95 } from '../../../engine/stats/student95';

test.each([
  // From the tables of the distribution.
  [1, 12.706],
  [2, 4.303],
  [8, 2.306],
  [9, 2.262],
  [12, 2.179],
  [20, 2.086],
  [30, 2.042],
  [120, 1.98],
  [1e6, 1.96],
])('of %d degrees of freedom is as in the tables', (freedom, wanted) => {
  expect(student95(freedom)).toBeCloseTo(wanted, 3);
});
