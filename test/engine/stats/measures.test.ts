import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from '../../../engine/stats/histogram';
import { magnitudes } from '../../../engine/stats/magnitudes';
import { rebin } from '../../../engine/stats/rebin';
import { decibels, MAX_DB } from '../../../engine/stats/sqnr';

test('folds both sides onto |x|, without zeros and empty bins', () => {
  const histogram = new Histogram();
  histogram.add(Float32Array.of(0, -0, 0.5, 1.5, -1.5, -3000.5, NaN));
  const folded = magnitudes(histogram.state());
  expect(folded).toMatchObject({ zeros: 2, total: 6, max: 3000.5 });
  expect([...folded.counts]).toEqual([1, 2, 1]);
  expect([...folded.lower]).toEqual([0.5, 1.5, 3000]);
  expect([...folded.width]).toEqual([2 ** -11, 2 ** -10, 2]);
});

test('has no bins where nothing was counted', () => {
  const folded = magnitudes(new Histogram().state());
  expect(folded).toMatchObject({ total: 0, zeros: 0, max: 0 });
  expect(folded.counts).toHaveLength(0);
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
