import { expect, test } from 'vitest';
import type { ProfileName } from '../../../engine/shared/protocol/choices';
import { findOverflows } from '../../../engine/quantize/findOverflows';
import { float } from '../runTiny';
import { node, tinyModel } from '../tinyModel';
import { quantizeTiny } from './quantizeTiny';

/** Overflows of a product of so many inputs, all of one sign or of both, by weights of one sign. */
async function found(inputs: number, profile: ProfileName, opType = 'MatMul', both = false) {
  const model = tinyModel({
    inputs: { x: [1, inputs] },
    outputs: ['y'],
    constants: { w: [[inputs, 2], new Float32Array(2 * inputs).fill(0.01)] },
    nodes: [node(opType, ['x', 'w'], 'y')],
  });
  const feeds = {
    x: float(
      [1, inputs],
      new Float32Array(inputs).map((_, i) => (both && i % 2 === 0 ? -1 : 1)),
    ),
  };
  const { int8 } = await quantizeTiny(model, feeds, { profile, weights: 'per-channel' });
  return findOverflows(int8).map(({ layer, bound, times }) => [
    layer,
    bound,
    Math.round(times * 1000) / 1000,
  ]);
}

test('sums that can leave 32 bits are named, with their bound', async () => {
  // 255 · 127 · 66,311 is the first over 2³¹ − 1.
  expect(await found(66_310, 'x86')).toEqual([]);
  for (const opType of ['MatMul', 'Gemm'])
    expect(await found(66_312, 'x86', opType)).toEqual([['y_node', 255 * 127 * 66_312, 1]]);
  expect(await found(132_624, 'x86')).toEqual([['y_node', 255 * 127 * 132_624, 2]]);
});

test('7-bit weights, and inputs of both signs, leave twice the room', async () => {
  expect(await found(66_312, 'x86-avx2')).toEqual([]);
  expect(await found(132_624, 'x86-avx2')).toHaveLength(0);
  expect(await found(140_000, 'x86-avx2')).toHaveLength(1);
  expect(await found(66_312, 'x86', 'MatMul', true)).toEqual([]);
});
