import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alikeness, alikenessToOthers, centredGram, importances } from '../../../engine/stats/orthogonality';
import { sketch } from '../../../engine/stats/sketch';

type Matrix = number[][];

/** ORM from its definition: features less their means, F·Fᵀ as a matrix, and Frobenius products. */
function alikenessByDefinition(a: Matrix, b: Matrix): number {
  const gram = (f: Matrix): Matrix => {
    const means = (f[0] ?? []).map((_, k) => f.reduce((n, row) => n + (row[k] ?? 0), 0) / f.length);
    const centred = f.map((row) => row.map((v, k) => v - (means[k] ?? 0)));
    return centred.map((x) => centred.map((y) => x.reduce((n, v, k) => n + v * (y[k] ?? 0), 0)));
  };
  const product = (x: Matrix, y: Matrix) => x.flat().reduce((n, v, k) => n + v * (y.flat()[k] ?? 0), 0);
  const [g, h] = [gram(a), gram(b)];
  return product(g, h) / Math.sqrt(product(g, g) * product(h, h));
}

const matrix = (width: number) =>
  fc.array(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: width, maxLength: width }), {
    minLength: 5,
    maxLength: 5,
  });
const varies = (f: Matrix) => f.some((row) => row.some((v, k) => v !== f[0]?.[k]));
const pair = fc.tuple(matrix(3), matrix(4)).filter(([a, b]) => varies(a) && varies(b));
const between = (a: Matrix, b: Matrix) => alikeness(centredGram(a), centredGram(b));

describe('alikeness of layers', () => {
  test('is what its definition says', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        expect(between(a, b)).toBeCloseTo(alikenessByDefinition(a, b), 9);
      }),
    );
  });

  test('is the same for features that were turned, scaled and shifted, and whichever comes first', () => {
    const angle = fc.double({ min: 0, max: 6.28, noNaN: true });
    const scale = fc.double({ min: 0.1, max: 10, noNaN: true });
    fc.assert(
      fc.property(pair, angle, scale, ([a, b], turn, factor) => {
        const [c, s] = [Math.cos(turn), Math.sin(turn)];
        const turned = a.map(([x = 0, y = 0, z = 0]) =>
          [c * x - s * y, s * x + c * y, z].map((v) => factor * v + 7),
        );
        expect(between(turned, b)).toBeCloseTo(between(a, b), 7);
        expect(between(b, a)).toBeCloseTo(between(a, b), 12);
        expect(between(a, turned)).toBeCloseTo(1, 7);
      }),
    );
  });

  test('is 0 for features that have nothing to do with one another, or say nothing', () => {
    const apart = between([[1], [-1], [0], [0]], [[0], [0], [1], [-1]]);
    expect(apart).toBe(0);
    expect(between([[5], [5]], [[1], [2]])).toBe(0);
  });

  test('adds up over all other layers, and makes a layer unlike all others the most important', () => {
    const same: Matrix = [[1], [-1], [0], [0]];
    const other: Matrix = [[0], [0], [1], [-1]];
    const sums = alikenessToOthers([same, same, other, same].map((f) => centredGram(f)));
    expect(sums).toEqual([2, 2, 0, 2]);
    const e = Math.exp(-2);
    importances(sums).forEach((v, i) =>
      expect(v).toBeCloseTo([(3 * e + 1) / 4, (2 * e + 1) / 3, (e + 1) / 2, e][i] ?? NaN, 12),
    );
  });
});

describe('a sketch', () => {
  test('keeps short lists as they are, and is linear', () => {
    expect(sketch(Float32Array.of(1, 2, 3), 4)).toEqual(Float64Array.of(1, 2, 3));
    const listOf = (seed: number) => Float64Array.from({ length: 5000 }, (_, i) => Math.sin(seed * i + seed));
    const [x, y] = [listOf(1), listOf(2)];
    const sum = sketch(
      x.map((v, i) => v + 2 * (y[i] ?? 0)),
      64,
    );
    const [a, b] = [sketch(x, 64), sketch(y, 64)];
    sum.forEach((v, k) => expect(v).toBeCloseTo((a[k] ?? 0) + 2 * (b[k] ?? 0), 9));
  });

  test('keeps scalar products within a few standard deviations', () => {
    const lists = Array.from({ length: 12 }, (_, seed) =>
      Float64Array.from({ length: 20_000 }, (_, i) => Math.sin(i * (0.01 + 0.003 * seed)) + 0.3),
    );
    const product = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((n, v, k) => n + v * (b[k] ?? 0), 0);
    const size = 2048;
    const sketches = lists.map((list) => sketch(list, size));
    for (const [i, a] of lists.entries())
      for (const [j, b] of lists.entries()) {
        const norms = Math.sqrt(product(a, a) * product(b, b));
        const off = product(sketches[i] ?? [], sketches[j] ?? []) - product(a, b);
        expect(Math.abs(off) / norms).toBeLessThan(4 * Math.sqrt(2 / size));
      }
  });
});
