import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, type TensorProto } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { elementTypeName } from '../../../engine/onnx/elements';
import { encodeModel, type Model } from '../../../engine/onnx/model';
import type { ProfileName, RunNode, WeightGranularity } from '../../../engine/protocol';
import { rewriteQdq } from '../../../engine/quantize/rewrite';
import { float, relativeError, runModel } from '../runTiny';
import { node, noise, noisy, tinyModel } from '../tinyModel';
import { quantizeTiny } from './quantizeTiny';
import { runNodes } from '../runtime/runNodes';
import { x86Here } from './here';

const profiles: ProfileName[] = [x86Here, 'arm', 'tensorrt'];
const granularities: WeightGranularity[] = ['per-channel', 'per-tensor'];
const everyWay = profiles.flatMap((profile) => granularities.map((weights) => ({ profile, weights })));

function initializer(model: Model, name: string): TensorProto {
  const found = model.graph.initializer.find((t) => t.name === name);
  if (found === undefined) throw new Error(`no initializer ${name}`);
  return found;
}

/** The numbers of a quantized tensor as the file holds them, by the type that it declares. */
function stored(model: Model, name: string): number[] {
  const tensor = initializer(model, name);
  const bytes = tensor.rawData.slice().buffer;
  switch (elementTypeName(tensor.dataType)) {
    case 'float':
      return [...new Float32Array(bytes)];
    case 'int8':
      return [...new Int8Array(bytes)];
    case 'uint8':
      return [...new Uint8Array(bytes)];
    case 'int32':
      return [...new Int32Array(bytes)];
    default:
      throw new Error(`${name} is no quantized tensor`);
  }
}

/** Halves to even, by the digits and not by arithmetic on the rounded number. */
function nearestEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

interface IntegerGrid {
  scale: number;
  zero: number;
  low: number;
  high: number;
}

/** A tensor's grid by the paper, from its values and the target's kind of integers. */
function gridFor(values: ArrayLike<number>, profile: ProfileName): IntegerGrid {
  let [min, max] = [0, 0];
  for (const v of Array.from(values)) [min, max] = [Math.min(min, v), Math.max(max, v)];
  if (profile === 'tensorrt')
    return { scale: Math.fround(Math.max(-min, max) / 127), zero: 0, low: -127, high: 127 };
  const low = profile === x86Here ? 0 : -128;
  const scale = Math.fround((max - min) / 255);
  return { scale, zero: low + nearestEven(-min / scale), low, high: low + 255 };
}

function toInteger(x: number, { scale, zero, low, high }: IntegerGrid): number {
  return Math.max(low, Math.min(high, nearestEven(Math.fround(x / scale)) + zero));
}

interface IntegerWeight {
  values: number[];
  /** By output channel. */
  scales: number[];
}

/** This processor's own kernels for its target; others are computed as the file says, since they may saturate here. */
const exactly = (profile: ProfileName) => ({ threads: 1, unfused: profile !== x86Here });

/** Largest whole number of a weight: 63 where products of 8 bits saturate. */
const largest = (profile: ProfileName) => (profile === 'x86-avx2' ? 63 : 127);

/** Symmetric int8 weights by the paper; `channel` tells an element's output channel. */
function integerWeight(
  values: Float32Array,
  channels: number,
  channel: (index: number) => number,
  weights: WeightGranularity,
  most: number,
): IntegerWeight {
  const scales = Array.from({ length: channels }, (_, c) => {
    const mine = values.filter((_, i) => weights === 'per-tensor' || channel(i) === c);
    return Math.fround(mine.reduce((least, v) => Math.max(least, Math.abs(v)), 0) / most);
  });
  return { values: Array.from(values, (v, i) => nearestEven(v / (scales[channel(i)] ?? NaN))), scales };
}

/** Σ (q_x − z_x) · q_w over a window, in 32-bit integers: a convolution with padding 1 and stride 1. */
function integerConv(
  x: number[],
  [channelsIn = 0, height = 0, width = 0]: number[],
  weight: number[],
  [channelsOut = 0, perGroup = 0, kernel = 0]: number[],
): Int32Array {
  const result = new Int32Array(channelsOut * height * width);
  const groups = channelsIn / perGroup;
  const pad = (kernel - 1) / 2;
  for (let o = 0; o < channelsOut; o++)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        let sum = 0;
        for (let i = 0; i < perGroup; i++)
          for (let ky = 0; ky < kernel; ky++)
            for (let kx = 0; kx < kernel; kx++) {
              const [y, xx] = [row + ky - pad, column + kx - pad];
              if (y < 0 || xx < 0 || y >= height || xx >= width) continue;
              const c = Math.floor(o / (channelsOut / groups)) * perGroup + i;
              const w = weight[((o * perGroup + i) * kernel + ky) * kernel + kx] ?? NaN;
              sum += (x[(c * height + y) * width + xx] ?? NaN) * w;
            }
        result[(o * height + row) * width + column] = sum;
      }
  return result;
}

function kinds(nodes: RunNode[]): string[] {
  return nodes.filter((n) => n.kind !== 'conversion').map((n) => `${n.opType} ${n.kind}`);
}

async function nodesOf(model: Model): Promise<string[]> {
  const nodes = await runNodes(model);
  return kinds(nodes);
}

const convs = [
  { title: 'a convolution', weight: [5, 3, 3, 3], group: 1, bias: false, then: null },
  { title: 'a depthwise convolution with a bias', weight: [3, 1, 3, 3], group: 3, bias: true, then: null },
  { title: 'a convolution with a bias and Relu', weight: [4, 3, 1, 1], group: 1, bias: true, then: 'Relu' },
  {
    title: 'a convolution with a bias and Clip from 0',
    weight: [4, 3, 3, 3],
    group: 1,
    bias: true,
    then: 'Clip',
  },
];

describe.each(convs)('$title', ({ weight, group, bias, then }) => {
  const input = [1, 3, 5, 7];
  const x = noise(105, 3).map((v) => v * 2 + 0.5);
  const [channels = 0, , kernel = 0] = weight;
  const inner = weight.slice(1).reduce((a, b) => a * b);
  const w = noise(channels * inner, 4);
  // Channels of very different ranges: what per-channel scales are for.
  w.forEach((v, i) => (w[i] = v * 10 ** -(Math.floor(i / inner) % 3)));
  const biases = noise(channels, 5);
  const pads = [1, 1, 1, 1].map((p) => (p * (kernel - 1)) / 2);
  const made = then === null ? 'y' : 'c';
  const model = tinyModel({
    inputs: { x: input },
    outputs: ['y'],
    constants: { w: [weight, w], b: [[channels], biases], low: [[], [0]], high: [[], [1.5]] },
    nodes: [
      node('Conv', bias ? ['x', 'w', 'b'] : ['x', 'w'], made, { group, pads }),
      ...(then === null ? [] : [node(then, then === 'Clip' ? ['c', 'low', 'high'] : ['c'], 'y')]),
    ],
  });

  test.each(everyWay)(
    'answers as integer arithmetic does: $profile, $weights',
    async ({ profile, weights }) => {
      const feeds = { x: float(input, x) };
      const { int8 } = await quantizeTiny(model, feeds, { profile, weights });
      const floatY = Float32Array.from((await runModel(model, feeds))['y']?.data ?? [], Number);

      const xGrid = gridFor(x, profile);
      const yGrid = gridFor(floatY, profile);
      const qw = integerWeight(w, channels, (i) => Math.floor(i / inner), weights, largest(profile));

      // What the file says.
      const type = profile === x86Here ? 'uint8' : 'int8';
      expect(stored(int8, 'w_quantized')).toEqual(qw.values);
      expect(elementTypeName(initializer(int8, 'w_quantized').dataType)).toBe('int8');
      expect(stored(int8, 'w_scale')).toEqual(weights === 'per-tensor' ? qw.scales.slice(0, 1) : qw.scales);
      expect(new Set(stored(int8, 'w_zero_point'))).toEqual(new Set([0]));
      for (const [name, grid] of [
        ['x', xGrid],
        ['y', yGrid],
      ] as const) {
        expect(stored(int8, `${name}_scale`)).toEqual([grid.scale]);
        expect(stored(int8, `${name}_zero_point`)).toEqual([grid.zero + 0]);
        expect(elementTypeName(initializer(int8, `${name}_zero_point`).dataType)).toBe(type);
      }
      const biasScales = qw.scales.map((s) => Math.fround(s * xGrid.scale));
      const qb = Array.from(biases, (v, c) => nearestEven(v / (biasScales[c] ?? NaN)));
      if (bias && profile !== 'tensorrt') {
        expect(stored(int8, 'b_quantized')).toEqual(qb);
        expect(stored(int8, 'b_scale')).toEqual(
          weights === 'per-tensor' ? biasScales.slice(0, 1) : biasScales,
        );
        expect(elementTypeName(initializer(int8, 'b_quantized').dataType)).toBe('int32');
      }
      if (bias && profile === 'tensorrt') expect(stored(int8, 'b')).toEqual([...biases]);
      // The float weight is gone.
      expect(int8.graph.initializer.some((t) => t.name === 'w')).toBe(false);

      // What onnxruntime answers.
      const qx = Array.from(x, (v) => toInteger(v, xGrid) - xGrid.zero);
      const sums = integerConv(qx, input.slice(1), qw.values, weight);
      const area = 35;
      const answer = (await runModel(int8, feeds, undefined, exactly(profile)))['y']?.data ?? [];
      let off = 0;
      sums.forEach((sum, i) => {
        const c = Math.floor(i / area);
        const step = (qw.scales[c] ?? NaN) * xGrid.scale;
        const real = bias
          ? profile === 'tensorrt'
            ? sum * step + (biases[c] ?? NaN)
            : (sum + (qb[c] ?? NaN)) * step
          : sum * step;
        const active =
          then === 'Relu' ? Math.max(0, real) : then === 'Clip' ? Math.min(1.5, Math.max(0, real)) : real;
        const expected = (toInteger(active, yGrid) - yGrid.zero) * yGrid.scale;
        const steps = Math.abs(Number(answer[i]) - expected) / yGrid.scale;
        // onnxruntime multiplies in float32, so a sum next to a half may round to the other side.
        expect(steps).toBeLessThan(1.01);
        if (steps > 0.01) off++;
      });
      expect(off).toBeLessThanOrEqual(sums.length / 50);
      if (profile === x86Here) expect(await nodesOf(int8)).toEqual(['QLinearConv integer']);
    },
  );
});

const products = [
  { title: 'MatMul', transB: 0, bias: false },
  { title: 'Gemm', transB: 0, bias: true },
  { title: 'Gemm with transB', transB: 1, bias: true },
];

describe.each(products)('$title', ({ title, transB, bias }) => {
  const [rows, inner, columns] = [6, 9, 4];
  const x = noise(rows * inner, 7).map((v) => v + 0.3);
  const w = noise(inner * columns, 8);
  const at = (k: number, j: number) => (transB === 1 ? j * inner + k : k * columns + j);
  for (let k = 0; k < inner; k++)
    for (let j = 0; j < columns; j++) w[at(k, j)] = (w[at(k, j)] ?? 0) / 10 ** (j % 3);
  const biases = noise(columns, 9);
  const model = tinyModel({
    inputs: { x: [rows, inner] },
    outputs: ['y'],
    constants: {
      w: [transB === 1 ? [columns, inner] : [inner, columns], w],
      ...(bias ? { b: [[columns], biases] as [number[], Float32Array] } : {}),
    },
    nodes: [bias ? node('Gemm', ['x', 'w', 'b'], 'y', { transB }) : node('MatMul', ['x', 'w'], 'y')],
  });

  test.each(everyWay)(
    'answers as integer arithmetic does: $profile, $weights',
    async ({ profile, weights }) => {
      const feeds = { x: float([rows, inner], x) };
      const { int8 } = await quantizeTiny(model, feeds, { profile, weights });
      const grid = gridFor(x, profile);
      const channel = (i: number) => (transB === 1 ? Math.floor(i / inner) : i % columns);
      const qw = integerWeight(w, columns, channel, weights, largest(profile));
      expect(stored(int8, 'w_quantized')).toEqual(qw.values);
      expect(stored(int8, 'w_scale')).toEqual(weights === 'per-tensor' ? qw.scales.slice(0, 1) : qw.scales);
      expect(stored(int8, 'x_scale')).toEqual([grid.scale]);
      expect(stored(int8, 'x_zero_point')).toEqual([grid.zero + 0]);

      const qx = Array.from(x, (v) => toInteger(v, grid) - grid.zero);
      const expected: number[] = [];
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          let sum = 0;
          for (let k = 0; k < inner; k++) sum += (qx[i * inner + k] ?? NaN) * (qw.values[at(k, j)] ?? NaN);
          const step = (qw.scales[j] ?? NaN) * grid.scale;
          const b = biases[j] ?? NaN;
          expected.push(sum * step + (!bias ? 0 : profile === 'tensorrt' ? b : nearestEven(b / step) * step));
        }
      const answer = Array.from(
        (await runModel(int8, feeds, undefined, exactly(profile)))['y']?.data ?? [],
        Number,
      );
      expect(relativeError(expected, answer)).toBeLessThan(1e-5);
      if (profile === x86Here) {
        const [only = '', ...more] = await nodesOf(int8);
        expect(only).toMatch(/(MatMulIntegerToFloat|QGemm) integer/);
        expect(title === 'MatMul' || only.startsWith('QGemm')).toBe(true);
        expect(more).toEqual([]);
      }
    },
  );
});

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

test('the written model tells nothing of the program that exported it, and keeps the rest', async () => {
  const model = tinyModel({
    inputs: { x: [2, 4] },
    outputs: ['y'],
    constants: { w: noisy([4, 3]) },
    nodes: [node('MatMul', ['x', 'w'], 'y')],
  });
  const [product] = model.graph.node;
  if (product === undefined) throw new Error('no node');
  product.docString = '/home/somebody/net.py(7): forward';
  const property = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
  product.metadataProps = [
    property('pkg.torch.onnx.stack_trace', 'File "net.py", line 7'),
    property('namespace', 'net'),
  ];
  const { int8 } = await quantizeTiny(
    model,
    { x: float([2, 4], noise(8)) },
    everyWay[0] ?? { profile: 'x86', weights: 'per-tensor' },
  );
  const written = int8.graph.node.find((n) => n.opType === 'MatMul');
  expect([written?.docString, written?.metadataProps.map((m) => m.key)]).toEqual(['', ['namespace']]);
  // The float model is the user's.
  expect([product.docString, product.metadataProps.length]).toEqual(['/home/somebody/net.py(7): forward', 2]);
});
