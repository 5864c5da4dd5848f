import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pairedDifference } from '../../../engine/stats/pairedDifference';

const score = fc.record({
  value: fc.double({ min: 0, max: 1, noNaN: true }),
  weight: fc.integer({ min: 1, max: 20 }),
});
const mean = (list: readonly { value: number; weight: number }[]) =>
  list.reduce((n, { value, weight }) => n + value * weight, 0) /
  list.reduce((n, { weight }) => n + weight, 0);

test('the difference is that of the weighted means, and models that answer alike differ by nothing for sure', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(score, fc.double({ min: 0, max: 1, noNaN: true })), { minLength: 2, maxLength: 30 }),
      (pairs) => {
        const first = pairs.map(([one]) => one);
        const second = pairs.map(([{ weight }, value]) => ({ value, weight }));
        const { difference, standardError } = pairedDifference(first, second);
        expect(difference).toBeCloseTo(mean(second) - mean(first), 10);
        expect(standardError).toBeGreaterThanOrEqual(0);
        expect(pairedDifference(first, first)).toEqual({ difference: 0, standardError: 0 });
        // A constant shift is no noise, however unlike the samples are.
        const shifted = first.map(({ value, weight }) => ({ value: value - 0.25, weight }));
        expect(pairedDifference(first, shifted).standardError).toBeLessThan(1e-9);
      },
    ),
  );
});

test('with equal weights the error is that of a mean of differences', () => {
  const changes = [0, -0.1, 0.2, -0.3, 0.05];
  const first = changes.map(() => ({ value: 0.5, weight: 3 }));
  const second = changes.map((c) => ({ value: 0.5 + c, weight: 3 }));
  const average = changes.reduce((a, b) => a + b) / 5;
  const variance = changes.reduce((n, c) => n + (c - average) ** 2, 0) / 4;
  const { difference, standardError } = pairedDifference(first, second);
  expect(difference).toBeCloseTo(average, 12);
  expect(standardError).toBeCloseTo(Math.sqrt(variance / 5), 12);
});

test('the interval covers the true difference about as often as it says', () => {
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  let covered = 0;
  const trials = 400;
  for (let t = 0; t < trials; t++) {
    const hard = Array.from({ length: 200 }, random);
    const first = hard.map((h) => ({ value: Number(random() > h), weight: 1 }));
    // Two answers in ten are lost.
    const second = first.map(({ value }) => ({ value: random() < 0.2 ? 0 : value, weight: 1 }));
    const { difference, standardError } = pairedDifference(first, second);
    if (Math.abs(difference + 0.1) <= 1.96 * standardError) covered++;
  }
  expect(covered / trials).toBeGreaterThan(0.88);
  expect(covered / trials).toBeLessThan(0.99);
});

test('one sample tells nothing of its error', () => {
  expect(pairedDifference([{ value: 1, weight: 2 }], [{ value: 0.5, weight: 2 }])).toEqual({
    difference: -0.5,
    standardError: 0,
  });
  expect(pairedDifference([], [])).toEqual({ difference: 0, standardError: 0 });
});
