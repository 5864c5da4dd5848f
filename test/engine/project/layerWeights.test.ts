import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineError } from '../../../engine/shared/engineError';
import { layerWeights, MOST_BOXES, weightRanges } from '../../../engine/project/layerWeights';
import { floatValues } from '../../../engine/onnx/tensors/elements';
import { quantizeWeight } from '../../../engine/quantize/weights';
import { quantileSorted } from '../../../engine/stats/quantileSorted';
import { node, noise, noisy, tinyModel } from '../tinyModel';

const conv = (scale: (channel: number) => number, channels = 8) => {
  const values = noise(channels * 27).map((x, i) => x * scale(Math.floor(i / 27)));
  return tinyModel({
    inputs: { x: ['n', 3, 8, 8] },
    outputs: ['y'],
    constants: {
      w: [[channels, 3, 3, 3], values],
      u: noisy([channels, channels, 6, 6], 2),
      v: noisy([channels, 4], 3),
    },
    nodes: [
      node('Conv', ['x', 'w'], 'c'),
      node('Relu', ['c'], 'r'),
      node('Conv', ['r', 'u'], 'p'),
      node('Flatten', ['p'], 'f'),
      node('Gemm', ['f', 'v'], 'g'),
      node('MatMul', ['g', 'g'], 'y'),
    ],
  });
};

/** R's default, as numpy's `linear`. */
function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = part * (sorted.length - 1);
  const [a, b] = [sorted[Math.floor(place)] ?? 0, sorted[Math.ceil(place)] ?? 0];
  return a * (1 - (place % 1)) + b * (place % 1);
}

test('quantiles are those of numpy', () => {
  // numpy.percentile([1, 2, 4, 8, 16], [0, 10, 25, 50, 75, 90, 100])
  const parts = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1];
  const found = parts.map((part) => quantileSorted([1, 2, 4, 8, 16], part));
  [1, 1.4, 2, 4, 8, 12.8, 16].forEach((value, i) => expect(found[i]).toBeCloseTo(value, 12));
  expect(quantileSorted([], 0.5)).toBe(0);
});

test('boxes are those of each output channel', () => {
  const model = conv((c) => c + 1);
  const { before, after, ...rest } = layerWeights(model, 'c_node', () => 8, []);
  expect(rest).toEqual({ layer: 'c_node', weight: 'w', shape: [8, 3, 3, 3], channels: 8, joined: 1 });
  expect(after).toBeNull();
  const weight = model.graph.initializer.find((t) => t.name === 'w');
  const values = weight === undefined ? [] : [...floatValues(weight)];
  for (let c = 0; c < 8; c++) {
    const own = values.slice(27 * c, 27 * (c + 1));
    expect(before.boxes.min[c]).toBe(Math.min(...own));
    expect(before.boxes.max[c]).toBe(Math.max(...own));
    expect(before.boxes.low[c]).toBeCloseTo(quantile(own, 0.25), 6);
    expect(before.boxes.median[c]).toBeCloseTo(quantile(own, 0.5), 6);
    expect(before.boxes.high[c]).toBeCloseTo(quantile(own, 0.75), 6);
  }
  if (weight !== undefined) expect(before.step).toBeCloseTo(quantizeWeight(weight, null).scales[0] ?? 0, 7);
});

test('columns of a matrix are its channels', () => {
  expect(
    layerWeights(
      conv(() => 1),
      'g_node',
      () => 8,
      [],
    ).channels,
  ).toBe(4);
});

test('channels that reach many times as far as the median are named, and those within a step counted', () => {
  const scale = (c: number) => (c === 5 ? 41 : c === 6 ? 6 : c === 2 ? 0.1 : 1);
  const { before } = layerWeights(conv(scale), 'c_node', () => 8, []);
  expect(before.outliers.map((o) => o.channel)).toEqual([5, 6]);
  expect(before.outlierCount).toBe(2);
  expect(before.outliers[0]?.times).toBeCloseTo((before.outliers[0]?.reach ?? 0) / before.medianReach, 9);
  expect(before.outliers[0]?.times).toBeGreaterThan(35);
  // 41 / 127 is a third of the others' reach: only the small one is within it.
  expect(before.withinStep).toBe(1);
});

test('equalization is shown where it changed the layer', () => {
  const model = conv((c) => (c === 5 ? 41 : 1));
  const { before, after } = layerWeights(model, 'c_node', () => 8, ['equalize', 'round']);
  expect(after?.reach).toBeLessThan(before.reach / 4);
  expect(layerWeights(model, 'c_node', () => 8, ['round']).after).toBeNull();
});

test('neighbours are joined where there are too many channels', () => {
  const count = fc.integer({ min: 1, max: 3 * MOST_BOXES });
  fc.assert(
    fc.property(count, fc.integer({ min: 1, max: 5 }), (channels, each) => {
      const values = Float32Array.from({ length: channels * each }, (_, i) => Math.sin(i * 37));
      const of = (i: number) => Math.floor(i / each);
      const { boxes, reach } = weightRanges(values, { count: channels, of }, 8);
      expect(boxes.min.length).toBeLessThanOrEqual(MOST_BOXES);
      expect(Math.min(...boxes.min)).toBe(Math.min(...values));
      expect(Math.max(...boxes.max)).toBe(Math.max(...values));
      expect(reach).toBe(Math.max(...values.map(Math.abs)));
      boxes.min.forEach((low, i) => {
        const order = [low, boxes.low[i], boxes.median[i], boxes.high[i], boxes.max[i]];
        expect(order).toEqual([...order].sort((a, b) => (a ?? 0) - (b ?? 0)));
      });
    }),
    { numRuns: 50 },
  );
});

test('weights that are no numbers, or all zero, leave plain figures', () => {
  const ranges = weightRanges(Float32Array.of(NaN, Infinity, 0, 0), { count: 2, of: (i) => i >> 1 }, 8);
  expect(ranges).toMatchObject({ reach: 0, medianReach: 0, step: 0, withinStep: 0, outlierCount: 0 });
  expect(JSON.parse(JSON.stringify(ranges))).toEqual(ranges);
});

test('a product of activations has none', () => {
  const failing = () =>
    layerWeights(
      conv(() => 1),
      'y_node',
      () => 8,
      [],
    );
  expect(failing).toThrow(EngineError);
  expect(failing).toThrow('y_node multiplies two activations');
});
