import fc from 'fast-check';
import { TensorProto_DataType } from 'onnx-buf';
import { expect, test } from 'vitest';
import { floatValues, makeTensor } from '../../../../engine/onnx/tensors/elements';
import { halfToNumber } from '../../../../engine/onnx/tensors/float16';
import { encodeModel } from '../../../../engine/onnx/file/readModel';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { halvesOf, storeHalfWeights } from '../../../../engine/quantize/write/halfWeights';
import { float, relativeError, runModel } from '../../runTiny';
import { runNodes } from '../../runtime/runNodes';
import { noise, noisy, node, tinyModel } from '../../tinyModel';
import { quantizeTiny } from '../quantizeTiny';

/** Two products, with a weight and a bias each. */
function twoProducts(w = noisy([64, 32], 1)) {
  return tinyModel({
    inputs: { x: [2, 64] },
    outputs: ['y'],
    constants: { w, b: noisy([32], 2), v: noisy([32, 64], 3) },
    nodes: [node('Gemm', ['x', 'w', 'b'], 'h'), node('Relu', ['h'], 'r'), node('MatMul', ['r', 'v'], 'y')],
  });
}

const types = (model: ReturnType<typeof twoProducts>) =>
  Object.fromEntries(model.graph.initializer.map((t) => [t.name, t.dataType]));

test('a half is off by at most half a unit in the last place', () => {
  fc.assert(
    fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
      const bits = halvesOf(makeTensor('w', [1], Float32Array.of(value)))?.[0];
      const error = Math.abs(halfToNumber(bits ?? NaN) - value);
      expect(error).toBeLessThanOrEqual(Math.max(Math.abs(value) * 2 ** -11, 2 ** -25));
    }),
    { numRuns: 1000 },
  );
});

test('large weights are halves, and the answers those of rounded weights', async () => {
  const model = twoProducts();
  const [before, feeds] = [encodeModel(model).length, { x: float([2, 64], noise(128, 5)) }];
  const exact = await runModel(model, feeds);
  expect(storeHalfWeights(model)).toEqual({ stored: ['w', 'v'], beyond: [] });
  const { FLOAT, FLOAT16 } = TensorProto_DataType;
  expect(types(model)).toEqual({ w_half: FLOAT16, b: FLOAT, v_half: FLOAT16 });
  expect(encodeModel(model).length).toBeLessThan(0.55 * before);
  const rounded = twoProducts();
  for (const tensor of rounded.graph.initializer.filter((t) => t.name !== 'b')) {
    const values = Float32Array.from(halvesOf(tensor) ?? [], halfToNumber);
    Object.assign(tensor, { rawData: new Uint8Array(values.buffer) });
    expect(floatValues(tensor)).toEqual(values);
  }
  const [expected, found] = [await runModel(rounded, feeds), await runModel(model, feeds)];
  expect(found).toEqual(expected);
  const error = relativeError(exact['y']?.data as Float32Array, found['y']?.data as Float32Array);
  expect(error).toBeGreaterThan(0);
  expect(error).toBeLessThan(1e-3);
  // onnxruntime casts as it loads.
  expect((await runNodes(model)).map((n) => n.opType)).not.toContain('Cast');
});

test('a weight with a value beyond halves stays float32, and is named', () => {
  const [dims, values] = noisy([64, 32], 1);
  values[77] = -65520;
  const model = twoProducts([dims, values]);
  expect(storeHalfWeights(model)).toEqual({ stored: ['v'], beyond: ['w'] });
  expect(types(model)['w']).toBe(TensorProto_DataType.FLOAT);
});

test('infinities of masks, and nothing else, may be infinite', () => {
  const of = (...values: number[]) => halvesOf(makeTensor('m', [values.length], Float32Array.from(values)));
  expect([...(of(-Infinity, Infinity, 65504) ?? [])].map(halfToNumber)).toEqual([-Infinity, Infinity, 65504]);
  expect(of(3e38)).toBeNull();
});

test('scales, integers and what is in int8 already stay as they are', async () => {
  const channels = 1100;
  const model = tinyModel({
    inputs: { x: [2, 8] },
    outputs: ['y'],
    constants: { w: noisy([8, channels], 1), v: noisy([channels, 4], 2) },
    nodes: [node('MatMul', ['x', 'w'], 'h'), node('MatMul', ['h', 'v'], 'y')],
  });
  const feeds = { x: float([2, 8], noise(16, 5)) };
  const settings = { profile: 'x86', weights: 'per-channel' } as const;
  const { int8 } = await quantizeTiny(model, feeds, settings, ['y_node']);
  const before = new Map(int8.graph.initializer.map((t) => [t.name, t.dataType]));
  // A scale for each of the 1,100 columns of w is large, but a scale.
  expect(storeHalfWeights(int8).stored).toEqual(['v']);
  for (const { name, dataType } of int8.graph.initializer) {
    if (name !== 'v_half') expect(dataType).toBe(before.get(name));
  }
  expect((await runModel(int8, feeds))['y']?.dims).toEqual([2, 4]);
});

test('what bodies read, and what the graph hands out, stays float32', () => {
  const body = tinyModel({
    inputs: {},
    outputs: ['then_y'],
    nodes: [node('MatMul', ['x', 'w'], 'then_y')],
  }).graph;
  const other = tinyModel({ inputs: {}, outputs: ['else_y'], nodes: [node('Neg', ['w2'], 'else_y')] }).graph;
  const model = tinyModel({
    inputs: { x: [32, 64], on: [] },
    inputTypes: { on: TensorProto_DataType.BOOL },
    outputs: ['y', 'handed'],
    constants: { w: noisy([64, 32], 1), w2: noisy([32, 32], 2), handed: noisy([64, 32], 3) },
    nodes: [node('If', ['on'], 'y', { then_branch: { graph: body }, else_branch: { graph: other } })],
  });
  expect(storeHalfWeights(normalize(model)).stored).toEqual([]);
});
