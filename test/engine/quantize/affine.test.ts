import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  affine8,
  dequantize,
  quantize,
  roundHalfEven,
  storableScale,
  symmetricGrid,
  type Affine,
} from '../../../engine/quantize/affine';

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

test.each([
  [0.5, 0],
  [1.5, 2],
  [2.5, 2],
  [-0.5, 0],
  [-1.5, -2],
  [-2.5, -2],
  [2.4999, 2],
  [2.5001, 3],
  [-2.5001, -3],
  [0.49999999999999994, 0],
  [2 ** 31 + 0.5, 2 ** 31],
  [2 ** 31 + 1.5, 2 ** 31 + 2],
  [2 ** 53, 2 ** 53],
])('rounds %d to %d', (x, rounded) => {
  expect(roundHalfEven(x) + 0).toBe(rounded);
});

describe('scale quantization', () => {
  test('is the paper’s: s = 127 / α, x_q = clip(round(s · x), −127, 127)', () => {
    const grid = symmetricGrid(2.54);
    expect(grid).toEqual({ scale: Math.fround(0.02), zeroPoint: 0, low: -127, high: 127 });
    const s = 127 / 2.54;
    for (const x of [-9, -2.54, -1.27, -0.031, 0, 0.011, 0.5, 1, 2.535, 2.54, 1e30]) {
      const expected = Math.max(-127, Math.min(127, roundHalfEven(s * x)));
      expect(quantize(x, grid)).toBe(expected);
    }
  });

  test('never uses −128', () => {
    expect(quantize(-1e9, symmetricGrid(1))).toBe(-127);
  });

  test('rounds halves to even', () => {
    const grid = symmetricGrid(127);
    expect([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5].map((x) => quantize(x, grid) + 0)).toEqual([
      0, 2, 2, 0, -2, -2, 126,
    ]);
  });
});

describe('affine quantization', () => {
  test.each([
    { min: -1, max: 1.1, low: 0 as const },
    { min: -0.3, max: 5.1, low: 0 as const },
    { min: -0.3, max: 5.1, low: -128 as const },
    { min: -7, max: 0.01, low: -128 as const },
    { min: 0, max: 6, low: 0 as const },
  ])('is the paper’s for [$min, $max] from $low', ({ min, max, low }) => {
    // s = (2^b − 1) / (α − β), z = −round(β · s) − 2^(b−1) for int8; uint8 lies 128 higher.
    const s = 255 / (max - min);
    const z = -roundHalfEven(min * s) - 128 + (low === 0 ? 128 : 0);
    const grid = affine8(min, max, low);
    expect(grid).toEqual({ scale: Math.fround(1 / s), zeroPoint: z + 0, low, high: low + 255 });
    for (let i = -20; i <= 120; i++) {
      const x = min + ((max - min) * (i + 0.37)) / 100;
      const paper = Math.max(low, Math.min(low + 255, roundHalfEven(s * x + z)));
      // Rounding before or after adding a whole number is the same except at halves.
      expect(quantize(x, grid)).toBe(paper);
    }
  });

  test('is ONNX’s by value: x̂ = (q − zero point) · scale', () => {
    const grid: Affine = { scale: 0.5, zeroPoint: 10, low: 0, high: 255 };
    expect([-5, 0, 0.25, 0.75, 122.5, 999].map((x) => quantize(x, grid))).toEqual([0, 10, 10, 12, 255, 255]);
    expect([0, 10, 12, 255].map((q) => dequantize(q, grid))).toEqual([-5, 0, 1, 122.5]);
  });

  test.each([
    [3, 9],
    [-9, -3],
    [5, 5],
    [-5, -5],
  ])('widens [%d, %d] to hold zero', (min, max) => {
    const grid = affine8(min, max, 0);
    expect(grid.zeroPoint).toBe(max > 0 ? 0 : 255);
    expect(grid.scale).toBe(Math.fround(Math.max(Math.abs(min), Math.abs(max)) / 255));
  });

  test('represents zero exactly, whatever the range', () => {
    fc.assert(
      fc.property(finite, finite, fc.constantFrom(0 as const, -128 as const), (a, b, low) => {
        const grid = affine8(Math.min(a, b), Math.max(a, b), low);
        expect(grid.zeroPoint).toBeGreaterThanOrEqual(low);
        expect(grid.zeroPoint).toBeLessThanOrEqual(low + 255);
        expect(Number.isInteger(grid.zeroPoint)).toBe(true);
        expect(dequantize(quantize(0, grid), grid) + 0).toBe(0);
      }),
    );
  });
});

const grids = fc.oneof(
  finite.map((a) => ({ grid: symmetricGrid(Math.abs(a)), min: -Math.abs(a), max: Math.abs(a) })),
  fc.tuple(finite, finite, fc.constantFrom(0 as const, -128 as const)).map(([a, b, low]) => {
    const [min, max] = [Math.min(a, b, 0), Math.max(a, b, 0)];
    return { grid: affine8(min, max, low), min, max };
  }),
);
const normal = grids.filter(({ min, max }) => Math.max(max, -min) / 127 >= 2 ** -126 * 256);

test('is at most half a step off inside the range', () => {
  fc.assert(
    fc.property(normal, fc.double({ min: 0, max: 1, noNaN: true }), ({ grid, min, max }, at) => {
      const x = min + (max - min) * at;
      const error = Math.abs(dequantize(quantize(x, grid), grid) - x);
      // The scale is rounded to float32, which moves the ends by up to 255 · 2⁻²⁴ steps.
      expect(error).toBeLessThanOrEqual(grid.scale * (0.5 + 255 * 2 ** -24));
    }),
    { numRuns: 500 },
  );
});

test('keeps the order of values', () => {
  fc.assert(
    fc.property(grids, finite, finite, ({ grid }, a, b) => {
      expect(quantize(Math.min(a, b), grid)).toBeLessThanOrEqual(quantize(Math.max(a, b), grid));
    }),
  );
});

test('goes from integers to values and back without a change', () => {
  fc.assert(
    fc.property(grids, fc.integer({ min: 0, max: 255 }), ({ grid }, i) => {
      const q = Math.min(grid.high, grid.low + i);
      expect(quantize(dequantize(q, grid), grid) + 0).toBe(q);
    }),
  );
});

test.each([0, 1e-45, 2 ** -126, 1e-37])('gives a range of %d a scale that float32 holds', (amax) => {
  for (const grid of [symmetricGrid(amax), affine8(0, amax, 0), affine8(-amax, 0, -128)]) {
    expect(grid.scale).toBe(Math.fround(grid.scale));
    expect(grid.scale).toBeGreaterThanOrEqual(2 ** -126);
    expect(Math.abs(dequantize(quantize(0, grid), grid))).toBe(0);
  }
});

test('holds the largest floats there are', () => {
  const most = 3.4028234663852886e38;
  for (const grid of [symmetricGrid(most), affine8(-most, most, 0)]) {
    expect(grid.scale).toBeLessThan(Infinity);
    expect(Math.abs(dequantize(quantize(most, grid), grid) - most) / most).toBeLessThan(0.01);
  }
});

test.each([
  [0.1, Math.fround(0.1)],
  [2 ** -126, 2 ** -126],
  [2 ** -127, 1],
  [0, 1],
  [Infinity, 1],
  [NaN, 1],
])('stores the scale %d as %d', (scale, stored) => {
  expect(storableScale(scale)).toBe(stored);
});
