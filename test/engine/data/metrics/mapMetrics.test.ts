import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Shapes, Tensor, Truth } from '../../../../engine/data/samples/dataset';
import { createMetric } from '../../../../engine/data/metrics/createMetric';
import { fillOutlines } from '../../../../engine/data/metrics/fillOutlines';
import type { Outputs } from '../../../../engine/data/metrics/metric';
import type { MetricName } from '../../../../engine/shared/protocol/choices';

function floats(dims: number[], values: Iterable<number>): Tensor {
  return { type: 'float32', dims, data: Float32Array.from(values) };
}

function score(metric: MetricName, outputs: Outputs, truth: Truth, threshold?: number) {
  const names = Object.keys(outputs);
  return createMetric({ metric, alphabet: [], threshold }, names).score(outputs, truth, null);
}

const steps = (values: number[]) => ({ output: floats([values.length, 1], values) });

test('counts steps on the right side of the threshold, and weighs a sample by its steps', () => {
  expect(score('frames', steps([0.9, 0.5, 0.49, 0.1]), [1, 1, 1, 0])).toEqual({ value: 0.75, weight: 4 });
  expect(score('frames', steps([0.9, 0.5, 0.49, 0.1]), [1, 1, 1, 0], 0.2).value).toBe(1);
  expect(score('frames', steps([NaN, Infinity, -Infinity, 0]), [0, 1, 0, 0]).value).toBe(0.25);
  expect(() => score('frames', steps([1, 0]), [1])).toThrow('shape [2,1], and the truth has 1 steps');
  expect(() => score('frames', steps([1]), 1)).toThrow('no list of steps');
});

/** A rectangle's outline. */
const box = (x0: number, y0: number, x1: number, y1: number) => [x0, y0, x1, y0, x1, y1, x0, y1];

test('fills outlines by the pixels whose centres they hold', () => {
  const rows = (shapes: Shapes, width: number, height: number) => {
    const mask = fillOutlines(shapes, width, height);
    return Array.from({ length: height }, (_, y) => mask.slice(y * width, (y + 1) * width).join(''));
  };
  expect(rows([box(0.25, 0, 0.75, 0.5)], 4, 4)).toEqual(['0110', '0110', '0000', '0000']);
  // A triangle under the diagonal: the centres on the diagonal itself are in.
  expect(rows([[0, 0, 1, 1, 0, 1]], 4, 4).map((row) => row.replace(/0+$/, '').length)).toEqual([0, 1, 2, 3]);
  // A part outside the picture, and a hole where an outline goes round twice.
  expect(rows([box(-9, -9, 0.5, 0.5)], 4, 2)).toEqual(['1100', '0000']);
  const ring = [...box(0, 0, 1, 1), 0, 0, ...box(0.25, 0.25, 0.75, 0.75), 0.25, 0.25];
  expect(rows([ring], 4, 4)).toEqual(['1111', '1001', '1001', '1111']);
  expect(rows([box(0, 0, 0.5, 1), box(0.25, 0, 1, 1)], 4, 1)).toEqual(['1111']);
});

test('fills as a test of every centre does', () => {
  const outline = fc.array(fc.double({ min: -0.3, max: 1.3, noNaN: true }), { minLength: 6, maxLength: 16 });
  fc.assert(
    fc.property(fc.array(outline, { maxLength: 3 }), (lists) => {
      const shapes = lists.map((list) => (list.length % 2 === 0 ? list : list.slice(1)));
      const inside = (x: number, y: number) => shapes.some((shape) => isInside(shape, x, y));
      const wanted = Array.from({ length: 7 * 5 }, (_, i) =>
        Number(inside(((i % 7) + 0.5) / 7, (Math.floor(i / 7) + 0.5) / 5)),
      );
      expect([...fillOutlines(shapes, 7, 5)]).toEqual(wanted);
    }),
  );
});

/** By how often a ray to the left crosses the outline. */
function isInside(shape: readonly number[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0; i < shape.length; i += 2) {
    const [x0 = 0, y0 = 0] = shape.slice(i);
    const [x1 = 0, y1 = 0] = i + 2 < shape.length ? shape.slice(i + 2) : shape;
    if (y0 > y !== y1 > y && x > x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) inside = !inside;
  }
  return inside;
}

const half = [0.9, 0.9, 0, 0, 0.3, 0.29, 0, 0];

test.each<[string, number[]]>([
  ['NCHW', [1, 1, 2, 4]],
  ['NHWC', [1, 2, 4, 1]],
  ['a plain map', [2, 4]],
])('compares a map as %s with outlines', (_, dims) => {
  const map = { y: floats(dims, half) };
  // Found: the first two pixels of the first row, one of the second. True: the left half.
  expect(score('iou', map, [box(0, 0, 0.5, 1)])).toEqual({ value: 3 / 4, weight: 1 });
  expect(score('iou', map, [box(0, 0, 0.5, 1)], 0.5).value).toBe(2 / 4);
  expect(score('iou', map, []).value).toBe(0);
  expect(score('iou', { y: floats(dims, new Array<number>(8).fill(0)) }, []).value).toBe(1);
  expect(score('iou', { y: floats(dims, [NaN, ...half.slice(1)]) }, [box(0, 0, 0.5, 1)]).value).toBe(0);
});

test('refuses what is no map, and a truth without outlines', () => {
  const map = { y: floats([1, 2, 2, 2], new Array<number>(8).fill(0)) };
  expect(() => score('iou', map, [])).toThrow('shape [1,2,2,2]');
  expect(() => score('iou', { y: floats([2, 2], half.slice(4)) }, [[0, 0, 1, 1]])).toThrow(
    'no list of outlines',
  );
  expect(() => score('segments', map, [])).toThrow('shape [1,2,2,2]');
  const [one, four] = [floats([1, 1, 1], [0]), floats([1, 4, 1, 2], new Array<number>(8).fill(0))];
  expect(() => score('segments', { one, four }, [])).toThrow('shape [1,1,1], [1,4,1,2]');
  expect(() => score('segments', { one, four }, [box(0, 0, 1, 1)])).toThrow('no list of segments');
});

const SIZE = 32;

/** What a detector answers that finds these segments, in pixels of its map of 32 × 32; channels last or first. */
function drawn(
  segments: [x0: number, y0: number, x1: number, y1: number, score: number][],
  last = true,
): Outputs {
  const centers = new Float32Array(SIZE * SIZE);
  const ways = new Float32Array(4 * SIZE * SIZE);
  for (const [x0, y0, x1, y1, sure] of segments) {
    const [x, y] = [Math.floor((x0 + x1) / 2), Math.floor((y0 + y1) / 2)];
    const at = y * SIZE + x;
    centers[at] = sure;
    // A weaker neighbour is no segment of its own.
    centers[at + 1] = sure * 0.9;
    [x0 - x, y0 - y, x1 - x, y1 - y].forEach((way, channel) => {
      ways[last ? at * 4 + channel : channel * SIZE * SIZE + at] = way;
    });
  }
  const dims = (channels: number) => (last ? [1, SIZE, SIZE, channels] : [1, channels, SIZE, SIZE]);
  return { ways: floats(dims(4), ways), centers: floats(dims(1), centers) };
}

const inPixels = (...segments: number[][]) => segments.map((one) => one.map((value) => value / SIZE));

test.each([true, false])('finds segments, channels last: %s', (last) => {
  const outputs = drawn(
    [
      [4, 4, 20, 6, 0.9],
      [10, 20, 28, 28, 0.5],
      [2, 30, 8, 30, 0.1],
    ],
    last,
  );
  const f1 = (truth: number[][], threshold?: number) =>
    score('segments', outputs, inPixels(...truth), threshold).value;
  // The third is below the threshold of 0.2. Ends may be named either way round.
  expect(
    f1([
      [4, 4, 20, 6],
      [28, 28, 10, 20],
    ]),
  ).toBe(1);
  expect(
    f1(
      [
        [4, 4, 20, 6],
        [28, 28, 10, 20],
      ],
      0.05,
    ),
  ).toBeCloseTo(4 / 5, 12);
  expect(f1([[4, 4, 20, 6]])).toBeCloseTo(2 / 3, 12);
  expect(f1([])).toBe(0);
  // Half a pixel off at both ends is 4 · ½² · (128/32)² = 16 > 10 of 128 × 128; at one end 8.
  expect(
    f1([
      [4.5, 4.5, 20, 6],
      [10, 20, 28, 28],
    ]),
  ).toBe(1);
  expect(
    f1([
      [4.5, 4.5, 20.5, 6.5],
      [10, 20, 28, 28],
    ]),
  ).toBe(0.5);
});

test('a true segment is found once, and values that are not finite find nothing', () => {
  const twice = drawn([
    [4, 4, 20, 6, 0.9],
    [4, 4, 20, 6, 0.9],
  ]);
  expect(score('segments', twice, inPixels([4, 4, 20, 6])).value).toBe(1);
  const close = drawn([
    [4, 4, 20, 4, 0.9],
    [4, 10, 20, 10, 0.8],
  ]);
  expect(score('segments', close, inPixels([4, 4, 20, 4], [4, 4, 20, 4])).value).toBe(0.5);
  expect(score('segments', drawn([]), []).value).toBe(1);
  expect(score('segments', drawn([[4, 4, 20, 6, NaN]]), inPixels([4, 4, 20, 6])).value).toBe(0);
});
