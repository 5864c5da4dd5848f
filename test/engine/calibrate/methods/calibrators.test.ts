import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clipsOf, methods } from '../../../../engine/calibrate/methods/clipOf';
import { affineGrid, clippedRange, symmetricGrid, type Grid } from '../../../../engine/stats/integerGrid';
import type { CalibrationMethod } from '../../../../engine/shared/protocol/choices';
import { Histogram } from '../../../../engine/stats/histogram';
import { noise } from '../../tinyModel';
import { entropyByDefinition } from './reference';

function clip(method: CalibrationMethod, values: ArrayLike<number>, grid?: Grid): number {
  const histogram = new Histogram();
  histogram.add(Float32Array.from(values));
  return clipsOf([method], histogram.state(), grid ?? symmetricGrid(8))[0] ?? NaN;
}

function evenly(count: number, from: number, to: number): number[] {
  return Array.from({ length: count }, (_, i) => from + ((to - from) * (i + 0.5)) / count);
}

/** Sums of uniform noise: a bell, as activations often are. */
function bell(count: number, gain = 1): number[] {
  const parts = Array.from({ length: 6 }, (_, i) => noise(count, i + 1));
  return Array.from({ length: count }, (_, i) => gain * parts.reduce((sum, p) => sum + (p[i] ?? 0), 0));
}

describe('grid', () => {
  test('of symmetric ranges has 127 steps on each side', () => {
    expect(symmetricGrid(8).step(2.54)).toBeCloseTo(0.02, 12);
    expect(symmetricGrid(8).levels(9)).toBe(128);
    expect(symmetricGrid(4).step(7)).toBe(1);
  });

  test('of affine ranges has 255 steps over what is left of the range', () => {
    const grid = affineGrid(8, { min: -1, max: 4 });
    expect(grid.step(4)).toBeCloseTo(5 / 255, 12);
    expect(grid.step(2)).toBeCloseTo(3 / 255, 12);
    expect(grid.step(0.5)).toBeCloseTo(1 / 255, 12);
    expect(affineGrid(8, { min: 0, max: 4 }).levels(4)).toBe(256);
    expect(affineGrid(8, { min: -4, max: 4 }).levels(4)).toBe(129);
  });

  test('clips each side at most at its own end, and holds zero', () => {
    expect(clippedRange({ min: -1, max: 4 }, 2)).toEqual({ min: -1, max: 2 });
    expect(clippedRange({ min: -3, max: 4 }, 2)).toEqual({ min: -2, max: 2 });
    expect(clippedRange({ min: 3, max: 4 }, 9)).toEqual({ min: 0, max: 4 });
    expect(clippedRange({ min: -4, max: -3 }, 9)).toEqual({ min: -4, max: 0 });
  });
});

test('max clips nothing', () => {
  expect(clip('max', [0.1, -7.25, 3])).toBe(7.25);
  expect(clip('max', [0.1, 7.25, -3])).toBe(7.25);
});

describe('percentile', () => {
  test.each([50, 90, 99, 99.9, 99.99, 100])(
    '%d of evenly spread values is that share of their range',
    (p) => {
      const values = evenly(100_000, -8, 8);
      // A bin is 8 / 4096 wide.
      expect(Math.abs(clip(`percentile:${p}`, values) - (8 * p) / 100)).toBeLessThan(8 / 4096);
    },
  );

  test('cuts a few outliers off, and exactly as many as were asked for', () => {
    const values = [...evenly(9990, 0, 1), ...evenly(10, 99, 100)];
    expect(clip('percentile:99.9', values)).toBeCloseTo(1, 1);
    expect(clip('percentile:99.91', values)).toBeGreaterThan(98);
  });

  test('100 is max', () => {
    const values = bell(1000);
    expect(clip('percentile:100', values)).toBe(clip('max', values));
  });

  test('is within one bin of the sorted values’ own', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 60 }),
        fc.double({ min: 50, max: 100, noNaN: true }),
        (values, p) => {
          const sorted = values.map(Math.abs).sort((a, b) => a - b);
          const most = sorted.at(-1) ?? 0;
          fc.pre(most > 0);
          const wanted = sorted[Math.max(0, Math.ceil((values.length * p) / 100) - 1)] ?? 0;
          const found = clip(`percentile:${p}`, values);
          // A range of nothing has no grid: instead of zero, the least there is.
          const nearest = wanted >= 2 ** -136 ? wanted : (sorted.find((x) => x >= 2 ** -136) ?? most);
          // The bin that holds the wanted value: 1/1024 of its octave wide, 2^−136 below all octaves.
          const bin = Math.max(nearest / 1024, 2 ** -136);
          expect(Math.abs(found - nearest)).toBeLessThanOrEqual(bin);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('grows with its percentage', () => {
    const values = bell(5000);
    const clips = [50, 80, 99, 99.9, 99.99, 100].map((p) => clip(`percentile:${p}`, values));
    expect(clips).toEqual(clips.toSorted((a, b) => a - b));
  });
});

/** Σ (x̂ − x)² of the values themselves, on the symmetric grid. */
function squaredError(values: readonly number[], amax: number, step: number): number {
  return values.reduce((sum, x) => {
    const magnitude = Math.round(Math.min(Math.abs(x), amax) / step) * step;
    return sum + (magnitude - Math.abs(x)) ** 2;
  }, 0);
}

describe('mse', () => {
  const cases: Record<string, number[]> = {
    'evenly spread values': evenly(4000, -3, 3),
    'evenly spread values and one outlier': [...evenly(4000, -1, 1), 9],
    'a bell': bell(4000),
    'a bell and a few outliers': [...bell(4000), 20, -20, 25],
    'values on one side': evenly(4000, 0, 5),
    'two humps': [...evenly(2000, 0.2, 2), ...evenly(2000, 6, 8)],
  };

  test.each(Object.entries(cases))('of %s costs hardly more than the best clip there is', (_, values) => {
    for (const affine of [false, true]) {
      const range = { min: Math.min(...values), max: Math.max(...values) };
      const grid = affine ? affineGrid(8, range) : symmetricGrid(8);
      const most = Math.max(...values.map(Math.abs));
      const errors = evenly(1000, 0, most).map((c) => squaredError(values, c, grid.step(c)));
      const found = clip('mse', values, grid);
      expect(squaredError(values, found, grid.step(found))).toBeLessThanOrEqual(1.05 * Math.min(...errors));
    }
  });

  test('keeps the whole range of evenly spread values', () => {
    expect(clip('mse', evenly(100_000, -1, 1))).toBeGreaterThan(0.98);
  });

  test('gives up one outlier that would coarsen all other values', () => {
    // Clipping at c costs (M − c)² for the outlier, and rounding n · step² / 12 with step = c / 127 for the rest.
    const [n, outlier] = [1_000_000, 10];
    const best = outlier / (1 + n / (12 * 127 ** 2));
    const values = Float32Array.from([...evenly(n, -1, 1), outlier]);
    expect(Math.abs(clip('mse', values) - best)).toBeLessThan(outlier / 100);
  });

  test('does not count zeros, which every grid holds', () => {
    const values = [...bell(3000), 15];
    expect(clip('mse', [...values, ...new Array<number>(50_000).fill(0)])).toBe(clip('mse', values));
  });
});

describe('entropy', () => {
  const cases: Record<string, number[]> = {
    'evenly spread values': evenly(20_000, -1, 1),
    'a bell': bell(20_000),
    'a bell and outliers': [...bell(20_000), ...evenly(20, 20, 40)],
    'a heavy tail': evenly(20_000, 0.001, 1).map((u) => 1 / Math.sqrt(u)),
    'a bell and many zeros': [...bell(5000), ...new Array<number>(20_000).fill(0)],
    'two humps': [...evenly(5000, 0.5, 1), ...evenly(5000, 11, 12)],
    'few values': [0.1, 0.7, 0.71, 3, 9],
  };

  test.each(Object.entries(cases))('of %s is the definition’s on a symmetric grid', (_, values) => {
    const floats = Float32Array.from(values);
    expect(clip('entropy', values)).toBe(entropyByDefinition(floats, 'symmetric int8').clip);
  });

  test.each(Object.entries(cases))(
    'of %s is the definition’s unsigned one on a one-sided grid',
    (_, values) => {
      const positive = values.map(Math.abs);
      const grid = affineGrid(8, { min: 0, max: Math.max(...positive) });
      const floats = Float32Array.from(positive);
      expect(clip('entropy', positive, grid)).toBe(entropyByDefinition(floats, 'affine uint8').clip);
    },
  );
});

const shapes: Record<string, fc.Arbitrary<number[]>> = {
  'one-sided': fc.array(fc.float({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 50 }),
  'two-sided': fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 50 }),
  negative: fc.array(fc.float({ min: -100, max: 0, noNaN: true }), { minLength: 1, maxLength: 50 }),
  'any finite': fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 50 }),
  constant: fc
    .tuple(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 1, max: 50 }))
    .map(([x, n]) => new Array<number>(n).fill(x)),
  'one spike among zeros': fc
    .tuple(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.nat(5000))
    .map(([x, n]) => [...new Array<number>(n).fill(0), x]),
  bimodal: fc
    .tuple(fc.float({ min: 1, max: 2, noNaN: true }), fc.float({ min: 1000, max: 3000, noNaN: true }))
    .map(([a, b]) => [...evenly(50, 0, a), ...evenly(50, b - 1, b)]),
  'heavy-tailed': fc
    .array(fc.float({ min: -60, max: 60, noNaN: true }), { minLength: 1, maxLength: 50 })
    .map((exponents) => exponents.map((e) => Math.fround(Math.exp(e)))),
};

test.each(Object.entries(shapes))('no calibrator leaves (0, max] for %s values', (_, arbitrary) => {
  fc.assert(
    fc.property(arbitrary, fc.boolean(), (values, affine) => {
      const most = values.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
      const range = { min: Math.min(...values), max: Math.max(...values) };
      for (const method of [...methods, 'percentile:50' as const]) {
        const found = clip(method, values, affine ? affineGrid(8, range) : symmetricGrid(8));
        if (most === 0) {
          expect(found).toBe(0);
        } else {
          expect(found).toBeGreaterThan(0);
          expect(found).toBeLessThanOrEqual(most);
        }
      }
    }),
    { numRuns: 40 },
  );
});

test.each(methods)('%s of a tensor that is always zero, or never a number, is 0', (method) => {
  expect(clip(method, [0, -0, 0])).toBe(0);
  expect(clip(method, [NaN, Infinity])).toBe(0);
  expect(clip(method, [])).toBe(0);
});
