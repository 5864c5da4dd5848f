import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BINS, Histogram, type HistogramState } from '../../../engine/stats/histogram';

function histogramOf(...batches: ArrayLike<number>[]): HistogramState {
  const histogram = new Histogram();
  for (const batch of batches) histogram.add(Float32Array.from(batch));
  return histogram.state();
}

/** What a histogram says by its definition: the width from the largest |x|, then one value after the other. */
function slowly(values: readonly number[]): HistogramState {
  const finite = values.filter((x) => Number.isFinite(x));
  const largest = finite.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  let binWidth = largest === 0 ? 0 : 2 ** -200;
  while (largest / BINS >= binWidth && largest > 0) binWidth *= 2;
  const positive = new Float64Array(BINS);
  const negative = new Float64Array(BINS);
  for (const x of finite) {
    const side = x < 0 ? negative : positive;
    const bin = x === 0 ? 0 : Math.floor(Math.abs(x) / binWidth);
    side[bin] = (side[bin] ?? NaN) + 1;
  }
  return {
    binWidth,
    positive,
    negative,
    zeros: finite.filter((x) => x === 0).length,
    finite: finite.length,
    notFinite: values.length - finite.length,
    min: finite.length === 0 ? 0 : finite.reduce((a, b) => Math.min(a, b)) + 0,
    max: finite.length === 0 ? 0 : finite.reduce((a, b) => Math.max(a, b)) + 0,
  };
}

/** Every bit of it: −0 is not 0. */
function bits(state: HistogramState): string {
  const bytes = Buffer.concat([state.positive, state.negative].map((a) => Buffer.from(a.buffer)));
  const { binWidth, zeros, finite, notFinite, min, max } = state;
  const numbers = Buffer.from(Float64Array.of(binWidth, zeros, finite, notFinite, min, max).buffer);
  return Buffer.concat([bytes, numbers]).toString('latin1');
}

const value = fc.oneof(
  fc.float(),
  fc.float({ min: -1, max: 1, noNaN: true }),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1.4e-45, -1.4e-45, 2 ** -126, 3.4e38, -3.4e38),
  fc.integer({ min: -5000, max: 5000 }),
  fc.integer({ min: -149, max: 127 }).map((e) => 2 ** e),
);
const values = fc.array(value.map(Math.fround), { maxLength: 40 });

test('counts by hand', () => {
  const state = histogramOf([0, -0, 1, 1.5, -2, 4095.5, NaN, Infinity]);
  expect(state).toMatchObject({ binWidth: 1, zeros: 2, finite: 6, notFinite: 2, min: -2, max: 4095.5 });
  expect([...state.positive.subarray(0, 3), state.positive[4095]]).toEqual([2, 2, 0, 1]);
  expect([...state.negative.subarray(0, 4)]).toEqual([0, 0, 1, 0]);
});

test('doubles its bins when a larger value comes', () => {
  const state = histogramOf([1, 1.5, 3, -5], [4096]);
  expect(state.binWidth).toBe(2);
  expect([...state.positive.subarray(0, 2), state.positive[2048]]).toEqual([2, 1, 1]);
  expect([...state.negative.subarray(0, 4)]).toEqual([0, 0, 1, 0]);
});

test('equals a slow count of the same values', () => {
  fc.assert(
    fc.property(values, (all) => {
      expect(bits(histogramOf(all))).toBe(bits(slowly(all)));
    }),
    { numRuns: 300 },
  );
});

test('does not depend on the order of the values', () => {
  fc.assert(
    fc.property(
      values.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([all, shuffled]) => {
        expect(bits(histogramOf(shuffled))).toBe(bits(histogramOf(all)));
      },
    ),
  );
});

test('does not depend on how the values are split into batches and merged', () => {
  fc.assert(
    fc.property(fc.array(values, { maxLength: 5 }), (batches) => {
      const once = bits(histogramOf(batches.flat()));
      expect(bits(histogramOf(...batches))).toBe(once);
      for (const order of [batches, batches.toReversed()]) {
        const merged = new Histogram();
        for (const batch of order) merged.merge(histogramOf(batch));
        expect(bits(merged.state())).toBe(once);
      }
    }),
    { numRuns: 200 },
  );
});

test('can go on counting after a merge', () => {
  const merged = Histogram.from(histogramOf([1, -3]));
  merged.add(Float32Array.of(1000, 0));
  expect(bits(merged.state())).toBe(bits(histogramOf([1, -3, 1000, 0])));
});

test('keeps more than half of its bins in use', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (x) => {
      fc.pre(x !== 0);
      const { positive, negative, binWidth } = histogramOf([x]);
      const side = x > 0 ? positive : negative;
      expect(side.findLastIndex((n) => n > 0)).toBeGreaterThanOrEqual(BINS / 2);
      expect(Math.abs(Math.log2(binWidth) % 1)).toBe(0);
    }),
  );
});

test('of nothing, of zeros and of no number has no range', () => {
  expect(histogramOf([])).toMatchObject({ finite: 0, notFinite: 0, min: 0, max: 0, binWidth: 0 });
  expect(histogramOf([NaN, Infinity])).toMatchObject({ finite: 0, notFinite: 2, min: 0, max: 0 });
  const zeros = histogramOf([0, -0], [0]);
  expect(zeros).toMatchObject({ finite: 3, zeros: 3, binWidth: 0 });
  expect(zeros.positive[0]).toBe(3);
  expect([Object.is(zeros.min, 0), Object.is(zeros.max, 0)]).toEqual([true, true]);
});

test('goes through structured clone, as it does between threads', () => {
  const state = histogramOf([1, 2, -3, 0]);
  expect(bits(Histogram.from(structuredClone(state)).state())).toBe(bits(state));
});
