import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Histogram, octaveBins, type HistogramState } from '../../../engine/stats/histogram';
import { LINEAR_BINS, linearBins } from '../../../engine/stats/linearBins';
import { ValueCounter } from '../../../engine/stats/valueCounter';
import { anyValues, finiteValues } from './values';

function histogramOf(...samples: ArrayLike<number>[]): HistogramState {
  const histogram = new Histogram();
  samples.forEach((values, i) => histogram.add(Float32Array.from(values), i));
  return histogram.state();
}

/** The same by the WebAssembly module; `mostCounted` empties its counters every so often. */
function counted(samples: ArrayLike<number>[], mostCounted?: number): HistogramState {
  const counter = new ValueCounter(mostCounted);
  // Another tensor in turns: they share the module's counters.
  samples.forEach((values, i) => {
    counter.add('x', Float32Array.from(values), i);
    counter.add('other', Float32Array.of(1, -2, i), i);
  });
  return counter.states()['x'] ?? histogramOf();
}

/** Bins as `[octave, bin, count]`, from the definition: by the value's logarithm, not by its bits. */
function slowBins(values: readonly number[]): [number, number, number][] {
  const bins = new Map<string, [number, number, number]>();
  for (const x of values.filter((v) => Number.isFinite(v))) {
    const magnitude = Math.abs(x);
    let exponent = 0;
    while (exponent < 254 && magnitude >= 2 ** (exponent - 126)) exponent++;
    const { from, width } = octaveBins(exponent);
    const octave = exponent + (x <= -(2 ** -136) ? 256 : 0);
    const bin = Math.floor((magnitude - from) / width);
    const known = bins.get(`${octave},${bin}`)?.[2] ?? 0;
    bins.set(`${octave},${bin}`, [octave, bin, known + 1]);
  }
  return [...bins.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

function binsOf({ octaves }: HistogramState): [number, number, number][] {
  return octaves.flatMap(({ octave, counts }) =>
    [...counts].flatMap((n, i): [number, number, number][] => (n === 0 ? [] : [[octave, i, n]])),
  );
}

/** Without the empty bins, which take long to compare. */
function brief(state: HistogramState) {
  return { ...state, octaves: binsOf(state) };
}

describe.each([
  ['Histogram', (samples: ArrayLike<number>[]) => histogramOf(...samples)],
  ['ValueCounter', (samples: ArrayLike<number>[]) => counted(samples)],
  ['ValueCounter that is emptied often', (samples: ArrayLike<number>[]) => counted(samples, 50)],
])('%s', (_, count) => {
  test('counts by hand', () => {
    const state = count([[0, -0, 1, 1.5, -2, 4095.5, NaN, Infinity]]);
    expect(state).toMatchObject({ zeros: 2, finite: 6, min: -2, max: 4095.5 });
    expect(state.notFinite).toEqual({ nan: 1, positive: 1, negative: 0, first: 0 });
    // 1 = 2^(127−127), 1.5 half an octave on, 4095.5 = 2^11 · 1.9998.
    expect(binsOf(state)).toEqual([
      [0, 0, 2],
      [127, 0, 1],
      [127, 512, 1],
      [138, 1023, 1],
      [256 + 128, 0, 1],
    ]);
  });

  test('counts what the definition says', () => {
    fc.assert(
      fc.property(fc.array(anyValues, { maxLength: 4 }), (samples) => {
        const all = samples.flat();
        const finite = all.filter((x) => Number.isFinite(x));
        const state = count(samples);
        expect(binsOf(state)).toEqual(slowBins(all));
        expect(state.finite).toBe(finite.length);
        expect(state.zeros).toBe(finite.filter((x) => Math.abs(x) < 2 ** -136).length);
        expect(state.min).toBe(finite.length === 0 ? 0 : Math.min(...finite) + 0);
        expect(state.max).toBe(finite.length === 0 ? 0 : Math.max(...finite) + 0);
        const odd = samples.findIndex((values) => values.some((x) => !Number.isFinite(x)));
        expect(state.notFinite).toEqual({
          nan: all.filter((x) => Number.isNaN(x)).length,
          positive: all.filter((x) => x === Infinity).length,
          negative: all.filter((x) => x === -Infinity).length,
          first: odd < 0 ? null : odd,
        });
      }),
    );
  });

  test('does not depend on the order of values', () => {
    fc.assert(
      fc.property(anyValues, (values) => {
        expect(brief(count([values.toReversed()]))).toEqual(brief(count([values])));
      }),
    );
  });

  test('of nothing is empty', () => {
    const nothing = { octaves: [], finite: 0, zeros: 0, min: 0, max: 0 };
    expect(count([[], []])).toMatchObject(nothing);
    expect(count([[NaN]])).toMatchObject(nothing);
  });
});

test('the module counts long tensors as the slow way does, whatever the number of values', () => {
  const values = Float32Array.from(
    { length: 70_003 },
    (_, i) => Math.sin(i) * Math.exp(Math.cos(i * 0.7) * 9),
  );
  for (const length of [1, 2, 3, 5, 16_383, 16_384, 16_385, 70_003]) {
    const part = values.subarray(0, length);
    expect(brief(counted([part]))).toEqual(brief(histogramOf(part)));
  }
});

test('the module takes more memory as tensors come, and keeps what it has', () => {
  const counter = new ValueCounter();
  const values = Float32Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 1 : -1) * 1.5 ** (i - 200));
  for (const round of [0, 1]) for (let t = 0; t < 100; t++) counter.add(`t${t}`, values, round);
  const expected = brief(histogramOf(values, values));
  const states = counter.states();
  for (const t of [0, 50, 99]) expect(brief(states[`t${t}`] ?? histogramOf())).toEqual(expected);
});

test('merging is counting together, in any order and grouping', () => {
  fc.assert(
    fc.property(anyValues, anyValues, anyValues, (a, b, c) => {
      const [x, y, z] = [a, b, c].map((values, i) => {
        const histogram = new Histogram();
        histogram.add(Float32Array.from(values), i);
        return histogram.state();
      }) as [HistogramState, HistogramState, HistogramState];
      const together = brief(histogramOf(a, b, c));
      expect(brief(Histogram.from(x, y, z).state())).toEqual(together);
      expect(brief(Histogram.from(z, Histogram.from(x, y).state()).state())).toEqual(together);
      // Nor does it touch what it merges.
      expect(binsOf(x)).toEqual(slowBins(a));
    }),
  );
});

test('bins of one width hold the same counts', () => {
  fc.assert(
    fc.property(finiteValues, (values) => {
      const bins = linearBins(histogramOf(values));
      const slow = { positive: new Float64Array(LINEAR_BINS), negative: new Float64Array(LINEAR_BINS) };
      for (const x of values) {
        const side = x <= -(2 ** -136) ? slow.negative : slow.positive;
        const i = bins.binWidth === 0 ? 0 : Math.floor(Math.abs(x) / bins.binWidth);
        side[i] = (side[i] ?? NaN) + 1;
      }
      expect(bins.positive).toEqual(slow.positive);
      expect(bins.negative).toEqual(slow.negative);
      const largest = Math.max(0, ...values.map(Math.abs));
      if (largest >= 2 ** -126) expect(largest / bins.binWidth).toBeGreaterThanOrEqual(LINEAR_BINS / 2);
      if (largest > 0) expect(largest / bins.binWidth).toBeLessThan(LINEAR_BINS);
    }),
  );
});
