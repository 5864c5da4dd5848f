import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stableRank } from '../../../engine/stats/stableRank';
import { noise } from '../tinyModel';

test('the rank of matrices whose singular values are known', () => {
  expect(stableRank([0, 0, 0, 0], 2, 2)).toBe(0);
  expect(stableRank([1, 0, 0, 0, 1, 0, 0, 0, 1], 3, 3)).toBeCloseTo(3, 9);
  expect(stableRank([3, 0, 0, 4], 2, 2)).toBeCloseTo(25 / 16, 9);
  // What the first guess is blind to.
  expect(stableRank([1, -1, 1, -1], 2, 2)).toBeCloseTo(1, 9);
  expect(stableRank(noise(64 * 100, 1), 64, 100)).toBeGreaterThan(10);
});

test('a product of a column and a row has rank 1, scaled or turned over', () => {
  const part = fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(part, part, fc.integer({ min: -9, max: 9 }), (column, row, factor) => {
      const values = column.flatMap((c) => row.map((r) => factor * c * r));
      expect(stableRank(values, column.length, row.length)).toBeCloseTo(factor === 0 ? 0 : 1, 9);
    }),
  );
});
