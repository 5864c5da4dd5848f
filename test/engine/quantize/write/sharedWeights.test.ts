import { describe, expect, test } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { GraphProtoSchema, TensorProto_DataType } from 'onnx-buf';
import { encodeModel } from '../../../../engine/onnx/file/readModel';
import { graphsWithin } from '../../../../engine/onnx/graph/scopes';
import { float, relativeError, runModel } from '../../runTiny';
import { runNodes } from '../../runtime/runNodes';
import { node, noise, noisy, tinyModel, valueInfo, type TinyModel } from '../../tinyModel';
import { x86Here } from '../here';
import { quantizeTiny } from '../quantizeTiny';

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

test('the weights of a recurrent layer that two branches of an If read are stored once', async () => {
  const hidden = 32;
  const branch = (name: string) => ({
    graph: create(GraphProtoSchema, {
      name,
      node: [node('LSTM', ['x', 'w', 'r'], ['', `${name}_y`], { hidden_size: hidden })],
      output: [valueInfo(`${name}_y`, null)],
    }),
  });
  const model = tinyModel({
    inputs: { x: [3, 1, hidden] },
    outputs: ['y'],
    constants: {
      ...{ w: noisy([1, 4 * hidden, hidden], 1, 0.5), r: noisy([1, 4 * hidden, hidden], 2, 0.5) },
      level: [[], [0]],
    },
    nodes: [
      node('ReduceSum', ['x'], 's', { keepdims: 0 }),
      node('Greater', ['s', 'level'], 'take'),
      node('If', ['take'], 'y', { then_branch: branch('then'), else_branch: branch('else') }),
    ],
  });
  const positive = {
    x: float(
      [3, 1, hidden],
      noise(3 * hidden, 5).map((v) => v + 0.2),
    ),
  };
  const negative = {
    x: float(
      [3, 1, hidden],
      noise(3 * hidden, 6).map((v) => v - 0.2),
    ),
  };
  const { int8, float: original } = await quantizeTiny(model, positive, {
    profile: x86Here,
    weights: 'per-channel',
  });
  const wide = graphsWithin(int8.graph).flatMap((g) =>
    g.initializer.filter((t) => t.rawData.length >= 4 * hidden * hidden),
  );
  expect(wide.map((t) => t.dataType)).toEqual([TensorProto_DataType.INT8, TensorProto_DataType.INT8]);
  expect((await runNodes(int8)).filter((n) => n.kind === 'integer')).toHaveLength(2);
  for (const feeds of [positive, negative]) {
    const [exact, ours] = [await runModel(original, feeds), await runModel(int8, feeds)];
    const error = relativeError(exact['y']?.data as Float32Array, ours['y']?.data as Float32Array);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.05);
  }
});
