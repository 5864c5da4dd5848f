import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cholesky } from '../../../engine/stats/cholesky';
import { roundRows } from '../../../engine/stats/roundRows';
import { noise } from '../tinyModel';

/** X·Xᵀ of `count` random columns that lean on a few directions, as activations do. */
function gramOf(size: number, count: number, seed: number): Float64Array {
  const [base, own] = [noise(size * 3, seed + 1), noise(count * (size + 3), seed + 2)];
  const gram = new Float64Array(size * size);
  for (let n = 0; n < count; n++) {
    const at = n * (size + 3);
    const x = Array.from({ length: size }, (_, i) => {
      const shared = [0, 1, 2].reduce(
        (sum, d) => sum + (base[i * 3 + d] ?? 0) * (own[at + size + d] ?? 0),
        0,
      );
      return shared + 0.1 * (own[at + i] ?? 0);
    });
    x.forEach((a, i) => x.forEach((b, j) => (gram[i * size + j] = (gram[i * size + j] ?? 0) + a * b)));
  }
  return gram;
}

/** (w − q·step)·H·(w − q·step)ᵀ, summed up as it is written. */
function quadratic(w: ArrayLike<number>, q: ArrayLike<number>, step: number, gram: Float64Array): number {
  const e = Array.from(w, (v, i) => v - (q[i] ?? NaN) * step);
  return e.reduce(
    (sum, a, i) => sum + e.reduce((s, b, j) => s + a * b * (gram[i * e.length + j] ?? NaN), 0),
    0,
  );
}

test('the factor’s product is the matrix', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 99 }), (size, seed) => {
      const gram = gramOf(size, 4 * size, seed);
      const factor = cholesky(gram, size);
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          let sum = 0;
          for (let k = 0; k < size; k++)
            sum += (factor?.[k * size + i] ?? NaN) * (factor?.[k * size + j] ?? NaN);
          expect(sum).toBeCloseTo(gram[i * size + j] ?? NaN, 8);
          if (i > j) expect(factor?.[i * size + j]).toBe(0);
        }
      }
    }),
  );
});

test.each([[[0]], [[-1]], [[NaN]], [[1, 2, 2, 1]]])('%j has no factor', (matrix) => {
  expect(cholesky(Float64Array.from(matrix), Math.sqrt(matrix.length))).toBeUndefined();
});

describe('rounding rows', () => {
  const cases = fc.record({
    size: fc.integer({ min: 1, max: 16 }),
    rows: fc.integer({ min: 1, max: 4 }),
    seed: fc.integer({ min: 1, max: 1000 }),
    high: fc.constantFrom(7, 63, 127),
  });
  const given = ({ size, rows, seed, high }: { size: number; rows: number; seed: number; high: number }) => {
    const weights = noise(size * rows, seed);
    const each = Array.from({ length: rows }, (_, r) =>
      Array.from(weights.subarray(r * size, (r + 1) * size)),
    );
    const most = each.map((row) => Math.max(...row.map(Math.abs)));
    const fixed = each.map((row, r) => row.findIndex((w) => Math.abs(w) === most[r]));
    return { rows: { weights, size, steps: most.map((m) => m / high), high, fixed }, each };
  };

  test('is never worse than to the nearest, keeps what sets the scale, and reports the sums', () => {
    fc.assert(
      fc.property(cases, (c) => {
        const { rows, each } = given(c);
        const gram = gramOf(c.size, 3 * c.size, c.seed);
        const { integers, nearest, rounded } = roundRows(rows, gram);
        let [sumNearest, sumRounded] = [0, 0];
        each.forEach((w, r) => {
          const step = rows.steps[r] ?? NaN;
          const q = integers.subarray(r * c.size, (r + 1) * c.size);
          const byNearest = quadratic(
            w,
            w.map((v) => Math.round(v / step)),
            step,
            gram,
          );
          const own = quadratic(w, q, step, gram);
          expect(own).toBeLessThanOrEqual(byNearest * (1 + 1e-9) + 1e-12);
          expect(Math.abs(q[rows.fixed[r] ?? 0] ?? 0)).toBe(c.high);
          expect(Math.max(...q.map(Math.abs))).toBe(c.high);
          sumNearest += byNearest;
          sumRounded += own;
        });
        expect(nearest).toBeCloseTo(sumNearest, 9);
        expect(rounded).toBeCloseTo(sumRounded, 9);
      }),
    );
  });

  test('with inputs that lean on few directions is several times better', () => {
    const { rows } = given({ size: 64, rows: 8, seed: 5, high: 127 });
    const { nearest, rounded } = roundRows(rows, gramOf(64, 200, 3));
    expect(rounded).toBeLessThan(nearest / 3);
  });

  test('comes close to the best of all ways up or down', () => {
    let [sum, least, byNearest] = [0, 0, 0];
    for (let seed = 1; seed <= 100; seed++) {
      const { rows, each } = given({ size: 5, rows: 1, seed, high: 7 });
      const gram = gramOf(5, 15, seed);
      const [w = []] = each;
      const step = rows.steps[0] ?? NaN;
      const up = (bits: number, i: number) => (i === rows.fixed[0] ? 0 : (bits >> i) & 1);
      const ways = Array.from({ length: 32 }, (_, bits) =>
        w.map((v, i) => Math.floor(v / step + 1e-9) + up(bits, i)),
      );
      const { rounded, nearest } = roundRows(rows, gram);
      sum += rounded;
      byNearest += nearest;
      least += Math.min(...ways.map((q) => quadratic(w, q, step, gram)));
    }
    expect(sum).toBeLessThan(1.5 * least);
    expect(byNearest).toBeGreaterThan(2 * least);
  });

  test('to the nearest is right where inputs have nothing in common', () => {
    const { rows, each } = given({ size: 6, rows: 2, seed: 9, high: 127 });
    const gram = Float64Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? 2 : 0));
    const { integers } = roundRows(rows, gram);
    const wanted = each.flatMap((w, r) => w.map((v) => Math.round(v / (rows.steps[r] ?? NaN))));
    expect(Array.from(integers)).toEqual(wanted);
  });

  test('halves go to even, as quantizing does', () => {
    const rows = { weights: Float32Array.of(4, 0.5, 1.5, -0.5), size: 4, steps: [1], high: 4, fixed: [0] };
    expect(Array.from(roundRows(rows, new Float64Array(16)).integers, (q) => q + 0)).toEqual([4, 0, 2, 0]);
  });

  test('leaves rows without a step', () => {
    const rows = { weights: new Float32Array(4), size: 2, steps: [0, 0], high: 127, fixed: [0, 0] };
    expect(roundRows(rows, gramOf(2, 5, 1))).toEqual({ integers: new Int32Array(4), nearest: 0, rounded: 0 });
  });
});
