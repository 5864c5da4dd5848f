import { describe, expect, test } from 'vitest';
import { elementTypeName } from '../../../../engine/onnx/tensors/elements';
import type { ProfileName, WeightGranularity } from '../../../../engine/shared/protocol/choices';
import { float, relativeError, runModel } from '../../runTiny';
import { node, noise, tinyModel } from '../../tinyModel';
import { x86Here } from '../here';
import { quantizeTiny } from '../quantizeTiny';
import { initializer, nodesOf, stored } from './storedTensors';

const profiles: ProfileName[] = [x86Here, 'arm', 'tensorrt'];
const granularities: WeightGranularity[] = ['per-channel', 'per-tensor'];
const everyWay = profiles.flatMap((profile) => granularities.map((weights) => ({ profile, weights })));

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
