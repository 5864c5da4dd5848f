import { TensorProto_DataType } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { rawBytes } from '../../../engine/onnx/tensors/elements';
import { findLayers } from '../../../engine/onnx/layers/layers';
import type { Model } from '../../../engine/onnx/graph/model';
import type { LayerGrid } from '../../../engine/shared/protocol/choices';
import { layerGrids } from '../../../engine/quantize/layerGrids';
import { profiles } from '../../../engine/quantize/targets/profiles';
import { writeQdq } from '../../../engine/quantize/write/rewrite';
import { withoutSuffix } from '../../../engine/runtime/originalNames';
import { float } from '../runTiny';
import { runNodes } from '../runtime/runNodes';
import { node, noise, noisy, tinyModel, valueInfo, type TinyModel } from '../tinyModel';
import { quantizeTiny } from './quantizeTiny';

const picture = [1, 4, 6, 6];
const rows = [5, 8];

/** One layer, called `y_node`, and what decides whether onnxruntime makes it an integer one. */
const networks: Record<string, { dims: number[]; model: Omit<TinyModel, 'inputs' | 'outputs'> }> = {
  Conv: {
    dims: picture,
    model: { constants: { w: noisy([6, 4, 3, 3]) }, nodes: [node('Conv', ['x', 'w'], 'y')] },
  },
  'Conv with a bias and Relu': {
    dims: picture,
    model: {
      constants: { w: noisy([6, 4, 3, 3]), b: noisy([6], 2) },
      nodes: [node('Conv', ['x', 'w', 'b'], 'y'), node('Relu', ['y'], 'r')],
    },
  },
  'Conv before a Clip that no grid ends at': {
    dims: picture,
    model: {
      constants: { w: noisy([6, 4, 3, 3]), low: [[], [0.25]], high: [[], [0.5]] },
      nodes: [node('Conv', ['x', 'w'], 'y'), node('Clip', ['y', 'low', 'high'], 'r')],
    },
  },
  'Conv with a bias that is computed': {
    dims: picture,
    model: {
      constants: { w: noisy([6, 4, 3, 3]), v: noisy([6, 4, 1, 1], 3) },
      nodes: [
        node('Conv', ['x', 'v'], 'p'),
        node('ReduceMean', ['p'], 'b', { axes: [0, 2, 3], keepdims: 0 }),
        node('Conv', ['x', 'w', 'b'], 'y'),
      ],
    },
  },
  ConvTranspose: {
    dims: picture,
    model: { constants: { w: noisy([4, 6, 3, 3]) }, nodes: [node('ConvTranspose', ['x', 'w'], 'y')] },
  },
  MatMul: {
    dims: rows,
    model: { constants: { w: noisy([8, 6]) }, nodes: [node('MatMul', ['x', 'w'], 'y')] },
  },
  'MatMul of a stack': {
    dims: [2, 5, 8],
    model: { constants: { w: noisy([2, 8, 6]) }, nodes: [node('MatMul', ['x', 'w'], 'y')] },
  },
  Gemm: {
    dims: rows,
    model: {
      constants: { w: noisy([6, 8]), b: noisy([6], 2) },
      nodes: [node('Gemm', ['x', 'w', 'b'], 'y', { transB: 1 })],
    },
  },
  'Gemm with one bias for all': {
    dims: rows,
    model: { constants: { w: noisy([8, 6]), b: noisy([1], 2) }, nodes: [node('Gemm', ['x', 'w', 'b'], 'y')] },
  },
  'Gemm before a Relu that is read in float': {
    dims: rows,
    model: {
      constants: { w: noisy([8, 6]), b: noisy([6], 2) },
      nodes: [node('Gemm', ['x', 'w', 'b'], 'y'), node('Relu', ['y'], 'r')],
    },
  },
  LSTM: {
    dims: [5, 1, 8],
    model: {
      constants: { w: noisy([1, 12, 8]), r: noisy([1, 12, 3], 2) },
      nodes: [node('LSTM', ['x', 'w', 'r'], 'y', { hidden_size: 3 })],
    },
  },
  GRU: {
    dims: [5, 1, 8],
    model: {
      constants: { w: noisy([1, 9, 8]), r: noisy([1, 9, 3], 2) },
      nodes: [node('GRU', ['x', 'w', 'r'], 'y', { hidden_size: 3 })],
    },
  },
};

function modelOf({ dims, model }: { dims: number[]; model: Omit<TinyModel, 'inputs' | 'outputs'> }): Model {
  const last = model.nodes.at(-1)?.output[0] ?? 'y';
  const made = tinyModel({ ...model, inputs: { x: dims }, outputs: [last] });
  made.graph.output = [valueInfo(last, null)];
  return made;
}

/** How far the layer's own codes reach from the one that stands for zero. */
function reachOf({ graph }: Model): number {
  const reaches = graph.initializer
    .filter(({ name }) => /^[wr]_quantized/.test(name))
    .map((tensor) => {
      const bytes = rawBytes(tensor);
      const isUnsigned = tensor.dataType === (TensorProto_DataType.UINT8 as number);
      const codes = isUnsigned
        ? Array.from(new Uint8Array(bytes), (q) => q - 128)
        : [...new Int8Array(bytes)];
      return Math.max(...codes.map(Math.abs));
    });
  return Math.max(...reaches);
}

const grids = Object.keys(layerGrids) as LayerGrid[];
const inBytes = grids.filter((grid) => !grid.startsWith('int4'));

describe('weights of x86-avx2 take 7 bits where an integer kernel that saturates multiplies them, and 8 elsewhere', () => {
  test.each(Object.keys(networks))('%s', async (name) => {
    const network = networks[name];
    if (network === undefined) throw new Error(name);
    const model = modelOf(network);
    const layer = findLayers(model.graph).find((l) => l.name === 'y_node');
    if (layer === undefined) throw new Error('no layer');
    const size = network.dims.reduce((a, b) => a * b, 1);
    const feeds = { x: float(network.dims, noise(size, 7)) };
    for (const grid of inBytes.filter((g) => layerGrids[g].fits(layer))) {
      const {
        int8,
        float: from,
        plan,
      } = await quantizeTiny(
        model,
        feeds,
        { profile: 'x86-avx2', weights: 'per-channel' },
        [],
        false,
        new Map([['y_node', grid]]),
      );
      const nodes = await runNodes(int8);
      const isInteger = nodes.some((n) => n.kind === 'integer' && withoutSuffix(n.name) === 'y_node');
      // Weights that are only stored, and unsigned ones, go into kernels of other kinds.
      const bits = grid !== 'uint8' && grid !== 'int8-weights' && isInteger ? 7 : 8;
      expect([grid, reachOf(int8)]).toEqual([grid, 2 ** (bits - 1) - 1]);
      expect([grid, writeQdq(from, plan).bits.get('y_node')]).toEqual([grid, bits]);
    }
  });

  test('those of other targets always take 8', async () => {
    for (const profile of ['x86', 'arm', 'tensorrt'] as const) expect(profiles[profile].weight.bits).toBe(8);
    const { int8 } = await quantizeTiny(
      modelOf(networks['Conv'] ?? { dims: [], model: { nodes: [] } }),
      { x: float(picture, noise(144, 7)) },
      { profile: 'x86', weights: 'per-channel' },
    );
    expect(reachOf(int8)).toBe(127);
  });
});
