import { describe, expect, test } from 'vitest';
import { type Model } from '../../../../engine/onnx/graph/model';
import { encodeModel } from '../../../../engine/onnx/file/readModel';
import type { ProfileName, WeightGranularity } from '../../../../engine/shared/protocol/choices';
import { rewriteQdq } from '../../../../engine/quantize/write/rewrite';
import { float, relativeError, runModel } from '../../runTiny';
import { node, noise, noisy, tinyModel } from '../../tinyModel';
import { x86Here } from '../here';
import { quantizeTiny } from '../quantizeTiny';
import { nodesOf, stored } from './storedTensors';

const profiles: ProfileName[] = [x86Here, 'arm', 'tensorrt'];
const granularities: WeightGranularity[] = ['per-channel', 'per-tensor'];
const x86 = { profile: x86Here, weights: 'per-channel' } as const;

/** Int8 answers are near the float ones: the noise is below a few percent of the largest value. */
async function near(
  model: Model,
  feeds: Parameters<typeof runModel>[1],
  within = 0.03,
  settings = x86,
): Promise<Model> {
  const { int8 } = await quantizeTiny(model, feeds, settings);
  const [was, is] = [await runModel(model, feeds), await runModel(int8, feeds)];
  expect(Object.keys(is)).toEqual(Object.keys(was));
  for (const name of Object.keys(was)) {
    const [a = [], b = []] = [was, is].map((o) => Array.from(o[name]?.data ?? [], Number));
    expect(relativeError(a, b)).toBeLessThan(within);
  }
  return int8;
}

const count = (model: Model, opType: string) => model.graph.node.filter((n) => n.opType === opType).length;
const image = [1, 3, 4, 4];
const imageFeeds = { x: float(image, noise(48, 21)) };

test('two layers that read one tensor share its integers', async () => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    constants: { v: noisy([2, 3, 1, 1], 1), w: noisy([2, 3, 1, 1], 2) },
    nodes: [node('Conv', ['x', 'v'], 'a'), node('Conv', ['x', 'w'], 'b'), node('Add', ['a', 'b'], 'y')],
  });
  const int8 = await near(model, imageFeeds);
  // x, a and b.
  expect(count(int8, 'QuantizeLinear')).toBe(3);
});

test('a tensor between two layers is quantized once', async () => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    constants: { v: noisy([3, 3, 1, 1], 1), w: noisy([2, 3, 1, 1], 2) },
    nodes: [node('Conv', ['x', 'v'], 'a'), node('Relu', ['a'], 'r'), node('Conv', ['r', 'w'], 'y')],
  });
  const int8 = await near(model, imageFeeds);
  expect(count(int8, 'QuantizeLinear')).toBe(3);
  expect(await nodesOf(int8)).toEqual(['QLinearConv integer', 'QLinearConv integer']);
});

test.each([
  [-0.5, 1.5],
  [-0.3, 0.3],
  [-1, 1],
  [0.1, 1],
])(
  'a Clip to [%d, %d], whose ends no integer holds, leaves the convolution in integers',
  async (low, high) => {
    const model = tinyModel({
      inputs: { x: image },
      outputs: ['y'],
      constants: { v: noisy([3, 3, 1, 1], 1), b: noisy([3], 3), low: [[], [low]], high: [[], [high]] },
      nodes: [node('Conv', ['x', 'v', 'b'], 'a'), node('Clip', ['a', 'low', 'high'], 'y')],
    });
    const int8 = await near(model, imageFeeds, 0.06);
    expect(await nodesOf(int8)).toContain('QLinearConv integer');
  },
);

test('an answer that other layers read keeps its name, and every answer its order', async () => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['b', 'a'],
    constants: { v: noisy([3, 3, 1, 1], 1), w: noisy([2, 3, 1, 1], 2) },
    nodes: [node('Conv', ['x', 'v'], 'a'), node('Conv', ['a', 'w'], 'b')],
  });
  const int8 = await near(model, imageFeeds);
  expect(int8.graph.output.map((o) => o.name)).toEqual(['b', 'a']);
  const { a } = await runModel(int8, imageFeeds, ['a']);
  const [scale = NaN] = stored(int8, 'a_scale');
  for (const value of a?.data ?? []) {
    const steps = Number(value) / scale;
    expect(Math.abs(steps - Math.round(steps))).toBeLessThan(1e-3);
  }
});

test.each(granularities)('layers that share a weight both run with it, %s', async (weights) => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    constants: { w: noisy([3, 3, 1, 1], 1), b: noisy([3], 2) },
    nodes: [node('Conv', ['x', 'w', 'b'], 'a'), node('Conv', ['a', 'w', 'b'], 'y')],
  });
  const int8 = await near(model, imageFeeds, 0.03, { ...x86, weights } as typeof x86);
  expect(int8.graph.initializer.some((t) => t.name === 'w')).toBe(false);
});

test('a layer kept in float reads floats and keeps its weight', async () => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    constants: { v: noisy([3, 3, 1, 1], 1), w: noisy([2, 3, 1, 1], 2) },
    nodes: [node('Conv', ['x', 'v'], 'a'), node('Conv', ['a', 'w'], 'y')],
  });
  const { int8 } = await quantizeTiny(model, imageFeeds, x86, ['a_node']);
  const [first] = int8.graph.node.filter((n) => n.opType === 'Conv');
  expect(first?.input).toEqual(['x', 'v']);
  expect(count(int8, 'QuantizeLinear')).toBe(2);
  expect((await nodesOf(int8)).sort()).toEqual(['Conv float', 'QLinearConv integer']);
});

test.each(granularities)('a bias too large for its scale widens the weight’s, %s', async (weights) => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    // The second channel's weights are so small that its bias would be 6 · 10¹¹ steps.
    constants: {
      w: [
        [2, 3, 1, 1],
        [1, 2, 3, 1e-9, -2e-9, 1e-9],
      ],
      b: [[2], [0.5, 40]],
    },
    nodes: [node('Conv', ['x', 'w', 'b'], 'y')],
  });
  const int8 = await near(model, imageFeeds, 0.01, { ...x86, weights } as typeof x86);
  for (const q of stored(int8, 'b_quantized')) expect(Math.abs(q)).toBeLessThanOrEqual(2 ** 30);
  const [xScale = NaN] = stored(int8, 'x_scale');
  const biasScales = stored(int8, 'b_scale');
  stored(int8, 'w_scale').forEach((s, c) => expect(biasScales[c]).toBe(Math.fround(s * xScale)));
});

test.each(granularities)('a channel whose weights are all zero answers its bias, %s', async (weights) => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    constants: {
      w: [
        [2, 3, 1, 1],
        [1, -2, 3, 0, 0, 0],
      ],
      b: [[2], [0.25, -3]],
    },
    nodes: [node('Conv', ['x', 'w', 'b'], 'y')],
  });
  const int8 = await near(model, imageFeeds, 0.01, { ...x86, weights } as typeof x86);
  expect(stored(int8, 'w_quantized').slice(3)).toEqual([0, 0, 0]);
  for (const s of stored(int8, 'w_scale')) expect(s).toBeGreaterThan(0);
});

test('a tensor that is always zero stays zero', async () => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    constants: { w: noisy([2, 3, 1, 1]), b: [[2], [0.5, -1]] },
    nodes: [node('Conv', ['x', 'w', 'b'], 'y')],
  });
  await near(model, { x: float(image, new Float32Array(48)) }, 0.01);
});

describe('a matrix product', () => {
  test('of two activations has no weight', async () => {
    const model = tinyModel({
      inputs: { x: [2, 3, 4], z: [2, 4, 5] },
      outputs: ['y'],
      nodes: [node('MatMul', ['x', 'z'], 'y')],
    });
    const feeds = { x: float([2, 3, 4], noise(24, 1)), z: float([2, 4, 5], noise(40, 2)) };
    const int8 = await near(model, feeds);
    expect(count(int8, 'QuantizeLinear')).toBe(2);
    expect(await nodesOf(int8)).toEqual(['MatMulIntegerToFloat integer']);
  });

  test('of an activation with itself quantizes it once', async () => {
    const nodes = [node('MatMul', ['x', 'x'], 'y')];
    const model = tinyModel({ inputs: { x: [4, 4] }, outputs: ['y'], nodes });
    expect(count(await near(model, { x: float([4, 4], noise(16)) }), 'QuantizeLinear')).toBe(1);
  });

  test('with its constant on the left', async () => {
    const nodes = [node('MatMul', ['w', 'x'], 'y')];
    const constants = { w: noisy([3, 4], 3) };
    const model = tinyModel({ inputs: { x: [4, 5] }, outputs: ['y'], nodes, constants });
    await near(model, { x: float([4, 5], noise(20)) });
  });

  test('with a stack of weights has one scale for all', async () => {
    const nodes = [node('MatMul', ['x', 'w'], 'y')];
    const model = tinyModel({
      inputs: { x: [2, 3, 4] },
      outputs: ['y'],
      nodes,
      constants: { w: noisy([2, 4, 5]) },
    });
    const int8 = await near(model, { x: float([2, 3, 4], noise(24)) });
    expect(stored(int8, 'w_scale').length).toBe(1);
  });
});

describe('Gemm’s third term', () => {
  const gemm = (dims: number[], values?: number[]) =>
    tinyModel({
      inputs: { x: [4, 3] },
      outputs: ['y'],
      constants: { w: noisy([3, 4], 1), b: values === undefined ? noisy(dims, 2, 3) : [dims, values] },
      nodes: [node('Gemm', ['x', 'w', 'b'], 'y')],
    });
  const feeds = { x: float([4, 3], noise(12, 6)) };

  // [4, 1] has as many values as there are columns, yet is one for each row.
  test.each([[[4]], [[1, 4]], [[4, 1]], [[4, 4]], [[1]], [[]]])('of shape %j', async (dims) => {
    for (const weights of granularities)
      await near(gemm(dims), feeds, 0.02, { ...x86, weights } as typeof x86);
  });

  test.each([
    ['constants, is scaled once and for all', ['x', 'w', 'b'], 1],
    ['a computed weight, keeps the layer out of int8', ['x', 'k', 'b'], 0],
  ])('with alpha and beta on %s', async (_, input, layers) => {
    const model = tinyModel({
      inputs: { x: [4, 3], k: [3, 4] },
      outputs: ['y'],
      nodes: [node('Gemm', input, 'y', { alpha: { float: 0.5 }, beta: { float: -2 } })],
      constants: { w: noisy([3, 4]), b: noisy([4], 2) },
    });
    const both = { ...feeds, k: float([3, 4], noise(12, 7)) };
    const { plan } = await quantizeTiny(model, both, x86);
    expect(plan.layers.size).toBe(layers);
    await near(model, both, 0.02, x86);
  });
});

test.each([1, 2])('a transposed convolution with %d groups', async (group) => {
  const constants = { w: noisy([4, 3, 2, 2], 1), b: noisy([3 * group], 2) };
  const nodes = [node('ConvTranspose', ['x', 'w', 'b'], 'y', { group, strides: [2, 2] })];
  const model = tinyModel({ inputs: { x: [1, 4, 3, 3] }, outputs: ['y'], nodes, constants });
  for (const profile of profiles)
    for (const weights of granularities)
      await near(model, { x: float([1, 4, 3, 3], noise(36)) }, 0.03, { profile, weights } as typeof x86);
});

test('TensorRT’s zero points are all 0 and its biases float, in the whole file', async () => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    constants: { v: noisy([3, 3, 1, 1], 1), c: noisy([3], 5), w: noisy([48, 2], 2), b: noisy([2], 3) },
    nodes: [
      node('Conv', ['x', 'v', 'c'], 'a'),
      node('Relu', ['a'], 'r'),
      node('Flatten', ['r'], 'f'),
      node('Gemm', ['f', 'w', 'b'], 'y'),
    ],
  });
  const { int8 } = await quantizeTiny(model, imageFeeds, { profile: 'tensorrt', weights: 'per-channel' });
  const zeros = int8.graph.initializer.filter((t) => t.name.includes('zero_point'));
  expect(zeros.length).toBe(5);
  for (const { name } of zeros) expect(new Set(stored(int8, name))).toEqual(new Set([0]));
  expect(int8.graph.initializer.map((t) => t.name)).toEqual(expect.arrayContaining(['b', 'c']));
  expect(
    relativeError(
      [...((await runModel(model, imageFeeds))['y']?.data ?? [])].map(Number),
      [...((await runModel(int8, imageFeeds))['y']?.data ?? [])].map(Number),
    ),
  ).toBeLessThan(0.05);
});

test('names that the rewriting would make are left to the model’s own tensors', async () => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    constants: { w: noisy([3, 3, 1, 1], 1), x_scale: noisy([1], 2), w_quantized: noisy([1], 3) },
    nodes: [
      node('Mul', ['x', 'x_scale'], 'x_quantized'),
      node('Mul', ['x_quantized', 'w_quantized'], 'y_float'),
      node('Conv', ['x', 'w'], 'c'),
      node('Add', ['c', 'y_float'], 'y'),
    ],
  });
  await near(model, imageFeeds);
});

test('the model it was made from is not changed', async () => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    constants: { w: noisy([2, 3, 1, 1]) },
    nodes: [node('Conv', ['x', 'w'], 'y')],
  });
  const { float: source, plan } = await quantizeTiny(model, imageFeeds, x86);
  const before = encodeModel(source);
  const twice = [rewriteQdq(source, plan), rewriteQdq(source, plan)].map((m) => Buffer.from(encodeModel(m)));
  expect(Buffer.compare(Buffer.from(encodeModel(source)), Buffer.from(before))).toBe(0);
  expect(twice[0]?.equals(twice[1] ?? Buffer.of())).toBe(true);
});

test('a tensor without a range is named', async () => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    constants: { w: noisy([2, 3, 1, 1]) },
    nodes: [node('Conv', ['x', 'w'], 'y')],
  });
  const { float: source, plan } = await quantizeTiny(model, imageFeeds, x86);
  plan.activations.delete('x');
  expect(() => rewriteQdq(source, plan)).toThrow('Tensor x never got a value');
});

test.each(['Conv', 'MatMul'])('unsigned weights of a %s answer exactly on every x86', async (opType) => {
  const isConv = opType === 'Conv';
  const dims = isConv ? [1, 16, 4, 4] : [5, 16];
  const model = tinyModel({
    inputs: { x: dims },
    outputs: ['y'],
    // Large weights of one sign, whose products of 8 bits saturate in pairs without VNNI.
    constants: { w: [isConv ? [3, 16, 1, 1] : [16, 3], noise(48, 2).map((v) => 0.9 + v / 10)] },
    nodes: [node(opType, ['x', 'w'], 'y')],
  });
  const feeds = {
    x: float(
      dims,
      noise(isConv ? 256 : 80).map((v) => Math.abs(v)),
    ),
  };
  const { float: original, plan } = await quantizeTiny(model, feeds, { ...x86, profile: 'x86' });
  const int8 = rewriteQdq(original, { ...plan, grids: new Map([['y_node', 'uint8' as const]]) });
  const answers = [
    await runModel(int8, feeds),
    await runModel(int8, feeds, undefined, { threads: 1, unfused: true }),
  ];
  const [here = [], exact = []] = answers.map((o) => Array.from(o['y']?.data ?? [], Number));
  expect(relativeError(exact, here)).toBeLessThan(0.005);
  expect(await nodesOf(int8)).toEqual([isConv ? 'QLinearConv integer' : 'MatMulIntegerToFloat integer']);
});
