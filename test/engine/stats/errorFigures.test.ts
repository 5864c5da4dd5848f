import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorFigures } from '../../../engine/stats/errorFigures';
import { cosine } from '../cosine';

const value = fc.integer({ min: -1e6, max: 1e6 }).map((v) => v / 1000);
const pairs = fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 40 });

function figuresOf(exact: readonly number[], rounded: readonly number[]) {
  const power = (list: readonly number[]) => list.reduce((sum, v) => sum + v * v, 0);
  return errorFigures(power(exact), power(exact.map((v, i) => v - (rounded[i] ?? 0))), power(rounded));
}

test('the cosine is that of the two lists', () => {
  fc.assert(
    fc.property(pairs, (list) => {
      const [exact, rounded] = [list.map(([a]) => a), list.map(([, b]) => b)];
      const found = figuresOf(exact, rounded).cosine;
      expect(found).toBeGreaterThanOrEqual(-1);
      expect(found).toBeLessThanOrEqual(1);
      expect(found).toBeCloseTo(cosine(exact, rounded), 6);
    }),
  );
});

test('small angles keep their digits, and what has no angle says so', () => {
  const angle = 1e-6;
  const { cosine: near, sqnrDb } = figuresOf([1, 0], [Math.cos(angle), Math.sin(angle)]);
  expect((1 - near) / (angle * angle)).toBeCloseTo(0.5, 3);
  expect(sqnrDb).toBeCloseTo(120, 6);
  expect(figuresOf([3, 4], [3, 4])).toEqual({ sqnrDb: 200, cosine: 1 });
  expect(figuresOf([3, 4], [-3, -4]).cosine).toBe(-1);
  expect(figuresOf([0, 0], [0, 0]).cosine).toBe(1);
  expect([figuresOf([0], [1]).cosine, figuresOf([1], [0]).cosine]).toEqual([0, 0]);
  expect([figuresOf([1], [NaN]).cosine, figuresOf([1], [Infinity]).cosine]).toEqual([0, 0]);
});
