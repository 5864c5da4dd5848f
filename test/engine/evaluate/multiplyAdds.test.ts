import { expect, test } from 'vitest';
import { findLayers } from '../../../engine/onnx/layers/layers';
import { normalize } from '../../../engine/onnx/normalize/normalize';
import type { Tensor } from '../../../engine/onnx/tensors/tensor';
import { multiplyAdds } from '../../../engine/evaluate/multiplyAdds';
import { float, testWorker } from '../runTiny';
import { node, noise, noisy, tinyModel, type TinyModel } from '../tinyModel';

async function costOf(model: TinyModel, dims: number[]): Promise<number[]> {
  const normalized = normalize(tinyModel(model));
  const count = dims.reduce((a, b) => a * b, 1);
  const feeds: Record<string, Tensor> = { x: float(dims, noise(count)) };
  const samples = { length: 1, load: () => Promise.resolve({ name: '#0', feeds, truth: null }) };
  const layers = findLayers(normalized.graph);
  return [...(await multiplyAdds(testWorker(), normalized, layers, samples)).values()];
}

test.each<[string, TinyModel, number[], number]>([
  [
    'a convolution in groups, over every place of its output',
    {
      inputs: { x: [1, 4, 6, 8] },
      outputs: ['y'],
      nodes: [node('Conv', ['x', 'w'], 'y', { group: 2, strides: [2, 2], pads: [1, 1, 1, 1] })],
      constants: { w: noisy([6, 2, 3, 3]) },
    },
    [1, 4, 6, 8],
    6 * 3 * 4 * (2 * 9),
  ],
  [
    'a transposed convolution, over every place of its input',
    {
      inputs: { x: [1, 3, 4, 5] },
      outputs: ['y'],
      nodes: [node('ConvTranspose', ['x', 'w'], 'y', { strides: [2, 2] })],
      constants: { w: noisy([3, 2, 2, 2]) },
    },
    [1, 3, 4, 5],
    60 * 8,
  ],
  [
    'Gemm with a transposed weight',
    {
      inputs: { x: [5, 7] },
      outputs: ['y'],
      nodes: [node('Gemm', ['x', 'w'], 'y', { transB: 1 })],
      constants: { w: noisy([3, 7]) },
    },
    [5, 7],
    5 * 7 * 3,
  ],
  [
    'a product of activations',
    {
      inputs: { x: [2, 3, 4, 4] },
      outputs: ['y'],
      nodes: [node('MatMul', ['x', 'x'], 'y')],
    },
    [2, 3, 4, 4],
    6 * 64,
  ],
  [
    'an LSTM, its input and its state at each step',
    {
      inputs: { x: [6, 2, 5] },
      outputs: ['y'],
      nodes: [node('LSTM', ['x', 'w', 'r'], ['y', '', ''], { hidden_size: 3 })],
      constants: { w: noisy([1, 12, 5]), r: noisy([1, 12, 3]) },
    },
    [6, 2, 5],
    6 * 2 * 12 * (5 + 3),
  ],
])('%s', async (_, model, dims, expected) => {
  expect(await costOf(model, dims)).toEqual([expected]);
});
