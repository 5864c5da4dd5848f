import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Histogram } from '../../../engine/stats/histogram';
import { Magnitudes } from '../../../engine/stats/magnitudes';
import { rebin } from '../../../engine/stats/rebin';
import { finiteValues } from './values';
import { decibels, MAX_DB } from '../../../engine/stats/sqnr';

describe('magnitudes', () => {
  const magnitudesOf = (...values: number[]) => {
    const histogram = new Histogram();
    histogram.add(Float32Array.from(values));
    return new Magnitudes(histogram.state());
  };
  /** `[lower edge, width, count]` of the bins that hold something. */
  const bins = (m: Magnitudes) =>
    [...m.counts].flatMap((n, i) => (n === 0 ? [] : [[m.lower(i), m.width(i), n]]));

  test('fold both sides onto |x|, without zeros', () => {
    const folded = magnitudesOf(0, -0, 0.5, 1.5, -1.5, -3000.5, NaN);
    expect(folded).toMatchObject({ zeros: 2, total: 6, max: 3000.5 });
    expect(bins(folded)).toEqual([
      [0.5, 2 ** -11, 1],
      [1.5, 2 ** -10, 2],
      [3000, 2, 1],
    ]);
  });

  test('have no bins where nothing was counted', () => {
    expect(magnitudesOf()).toMatchObject({ total: 0, zeros: 0, max: 0 });
    expect(magnitudesOf(0, 0, -0).counts).toHaveLength(0);
  });

  test('find the first bin centred at a value or above', () => {
    const positive = fc.float({ min: Math.fround(1e-38), noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(finiteValues, positive, fc.double({ min: 0, max: 1, noNaN: true }), (values, x, share) => {
        const folded = magnitudesOf(...values);
        const near = folded.max * share;
        for (const wanted of [x, near].filter((w) => w > 0)) {
          const all = Array.from(folded.counts, (_, i) => folded.centre(i));
          const found = all.findIndex((centre) => centre >= wanted);
          expect(folded.firstCentredFrom(wanted)).toBe(found < 0 ? all.length : found);
        }
      }),
      { numRuns: 40 },
    );
  });
});

test('adds neighbouring bins and keeps the total', () => {
  expect(rebin(Float64Array.of(1, 2, 3, 4, 5, 0, 0), 2)).toEqual([3, 7, 5]);
  expect(rebin(Float64Array.of(1, 2, 3), 1)).toEqual([1, 2, 3]);
  expect(rebin(new Float64Array(8), 2)).toEqual([]);
  fc.assert(
    fc.property(fc.array(fc.nat(100)), fc.integer({ min: 1, max: 9 }), (counts, factor) => {
      const coarse = rebin(Float64Array.from(counts), factor);
      const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
      expect(sum(coarse)).toBe(sum(counts));
      coarse.forEach((n, i) => expect(n).toBe(sum(counts.slice(i * factor, (i + 1) * factor))));
      if (coarse.length > 0) expect(coarse.at(-1)).toBeGreaterThan(0);
    }),
  );
});

test.each([
  [100, 1, 20],
  [1, 1000, -30],
  [1, 0, MAX_DB],
  [0, 0, MAX_DB],
  [0, 1, -MAX_DB],
  [1, 1e-300, MAX_DB],
  [1e-300, 1e9, -MAX_DB],
])('calls signal %d over noise %d a ratio of %d dB', (signal, noise, ratio) => {
  expect(decibels(signal, noise)).toBeCloseTo(ratio, 10);
});

test.each([
  [1, NaN],
  [NaN, 1],
  [NaN, NaN],
  [1, Infinity],
  [Infinity, Infinity],
])('calls noise that cannot be measured the worst there is (%d, %d)', (signal, noise) => {
  expect(decibels(signal, noise)).toBe(-MAX_DB);
});
