import { describe, expect, test } from 'vitest';
import { float, relativeError, runModel } from '../../runTiny';
import { runNodes } from '../../runtime/runNodes';
import { int64, node, noise, noisy, tinyModel, type TinyModel } from '../../tinyModel';
import { x86Here } from '../here';
import { quantizeTiny } from '../quantizeTiny';

const image = [1, 3, 8, 8];

/** Weights of which one channel is so much larger that one scale for all ruins the others. */
function wild(dims: number[], axis = 0): [number[], Float32Array] {
  const [, values] = noisy(dims, 7);
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  return [dims, values.map((v, i) => v * (Math.floor(i / inner) % (dims[axis] ?? 1) === 0 ? 300 : 1))];
}

/** Reads all channels but that one. */
const small: [number[], number[]] = [
  [2, 4, 1, 1],
  [0, 1, 0.5, -0.3, 0, 0.2, -0.7, 0.4],
];
const conv = (weight: string, from: string, to: string) => node('Conv', [from, weight], to);
const constants = { v: noisy([3, 3, 1, 1], 1), w: wild([4, 3, 3, 3]), u: noisy([2, 4, 1, 1], 3) };
const cases: Record<string, TinyModel> = {
  Conv: {
    inputs: { x: image },
    outputs: ['y'],
    constants,
    nodes: [conv('v', 'x', 'a'), conv('w', 'a', 'b'), conv('u', 'b', 'y')],
  },
  'Conv with bias and Relu': {
    ...{ inputs: { x: image }, outputs: ['y'], constants: { ...constants, bias: noisy([4], 5) } },
    nodes: [
      conv('v', 'x', 'a'),
      node('Conv', ['a', 'w', 'bias'], 'b'),
      node('Relu', ['b'], 'r'),
      conv('u', 'r', 'y'),
    ],
  },
  'Conv behind a Pad': {
    ...{ inputs: { x: image }, outputs: ['y'] },
    constants: { ...constants, pads: int64('pads', [0, 0, 1, 1, 0, 0, 1, 1]) },
    nodes: [conv('v', 'x', 'a'), node('Pad', ['a', 'pads'], 'p'), conv('w', 'p', 'b'), conv('u', 'b', 'y')],
  },
  'Conv behind a Transpose': {
    ...{ inputs: { x: image }, outputs: ['y'], constants },
    nodes: [
      conv('v', 'x', 'a'),
      node('Transpose', ['a'], 't', { perm: [0, 1, 3, 2] }),
      conv('w', 't', 'b'),
      conv('u', 'b', 'y'),
    ],
  },
  'Conv of groups': {
    ...{ inputs: { x: [1, 4, 8, 8] }, outputs: ['y'] },
    constants: { v: noisy([4, 4, 1, 1], 1), w: wild([4, 1, 3, 3]), u: noisy([2, 4, 1, 1], 3) },
    nodes: [conv('v', 'x', 'a'), node('Conv', ['a', 'w'], 'b', { group: 4 }), conv('u', 'b', 'y')],
  },
  ConvTranspose: {
    ...{ inputs: { x: image }, outputs: ['y'] },
    constants: { ...constants, w: wild([3, 4, 3, 3], 1), u: small },
    nodes: [conv('v', 'x', 'a'), node('ConvTranspose', ['a', 'w'], 'b'), conv('u', 'b', 'y')],
  },
  Gemm: {
    ...{ inputs: { x: image }, outputs: ['y'] },
    constants: {
      ...{ v: noisy([3, 3, 1, 1], 1), w: wild([5, 48]), u: noisy([5, 3], 3), bias: noisy([5], 5) },
      shape: int64('shape', [4, 48]),
    },
    nodes: [
      conv('v', 'x', 'a'),
      node('Reshape', ['a', 'shape'], 't'),
      node('Gemm', ['t', 'w', 'bias'], 'b', { transB: 1 }),
      node('MatMul', ['b', 'u'], 'y'),
    ],
  },
};

describe.each(['per-channel', 'per-tensor'] as const)(
  'a layer left in float between layers of integers, %s',
  (weights) => {
    test.each(Object.entries(cases))('%s', async (_, tiny) => {
      const model = tinyModel(tiny);
      const dims = Object.values(tiny.inputs)[0]?.map(Number) ?? [];
      const feeds = {
        x: float(
          dims,
          noise(
            dims.reduce((a, b) => a * b),
            9,
          ),
        ),
      };
      const { int8 } = await quantizeTiny(model, feeds, { profile: x86Here, weights }, ['b_node']);
      const nodes = await runNodes(int8);
      expect(nodes.filter((n) => n.kind === 'integer' && n.name.startsWith('b_node'))).toEqual([]);
      // What onnxruntime optimized against the model as it is written.
      const [fused, plain] = [
        await runModel(int8, feeds),
        await runModel(int8, feeds, undefined, { threads: 1, unfused: true }),
      ];
      expect(relativeError(plain['y']?.data as Float32Array, fused['y']?.data as Float32Array)).toBeLessThan(
        0.02,
      );
    });
  },
);
