import { describe, expect, test } from 'vitest';
import { encodeModel } from '../../../engine/onnx/model';
import { float, relativeError, runModel } from '../runTiny';
import { runNodes } from '../runtime/runNodes';
import { node, noise, noisy, tinyModel, type TinyModel } from '../tinyModel';
import { x86Here } from './here';
import { quantizeTiny } from './quantizeTiny';

const width = 64;
const feeds = { x: float([4, width], noise(4 * width, 3)) };

async function quantized(nodes: TinyModel['nodes'], weights: 'per-channel' | 'per-tensor' = 'per-channel') {
  const constants = { w: noisy([width, width], 1, 0.2) };
  const model = tinyModel({ inputs: { x: [4, width] }, outputs: ['y'], constants, nodes });
  const { int8, float: original } = await quantizeTiny(model, feeds, { profile: x86Here, weights });
  const wide = int8.graph.initializer.filter((t) => t.rawData.length >= width * width);
  const [exact, ours] = [await runModel(original, feeds), await runModel(int8, feeds)];
  const error = relativeError(exact['y']?.data as Float32Array, ours['y']?.data as Float32Array);
  const integers = (await runNodes(int8)).filter((n) => n.kind === 'integer').length;
  return { copies: wide.length, error, integers, bytes: encodeModel(int8).length };
}

describe('a weight that two layers share', () => {
  const twice = [node('MatMul', ['x', 'w'], 'a'), node('MatMul', ['a', 'w'], 'y')];

  test('is stored once where both want it on the same grid, and both compute on integers', async () => {
    for (const weights of ['per-channel', 'per-tensor'] as const) {
      const { copies, error, integers, bytes } = await quantized(twice, weights);
      expect([copies, integers]).toEqual([1, 2]);
      expect(error).toBeLessThan(0.05);
      expect(bytes).toBeLessThan(1.5 * width * width);
    }
  });

  test('is stored once for each axis where they read it along different ones', async () => {
    const other = [node('MatMul', ['x', 'w'], 'a'), node('Gemm', ['a', 'w'], 'y', { transB: 1 })];
    const { copies, error, integers } = await quantized(other);
    expect([copies, integers]).toEqual([2, 2]);
    expect(error).toBeLessThan(0.05);
    expect((await quantized(other, 'per-tensor')).copies).toBe(1);
  });

  test('stays in float beside its integers where something else reads it too', async () => {
    const nodes = [
      node('MatMul', ['x', 'w'], 'a'),
      node('ReduceMean', ['w'], 'm'),
      node('Add', ['a', 'm'], 'y'),
    ];
    const { error, integers } = await quantized(nodes);
    expect(integers).toBe(1);
    expect(error).toBeLessThan(0.05);
  });
});
