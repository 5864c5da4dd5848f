import { clone, equals } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { floatValues } from '../../../../engine/onnx/tensors/elements';
import type { Model } from '../../../../engine/onnx/graph/model';
import { correctBias } from '../../../../engine/search/remedies/correctBias';
import { float, runModel } from '../../runTiny';
import { node, noise, noisy, tinyModel, type TinyModel } from '../../tinyModel';

const x = float([2, 3], noise(6));
const constants: NonNullable<TinyModel['constants']> = {
  w: noisy([3, 2]),
  b: noisy([2], 2),
  row: noisy([1, 2], 3),
  one: [[1], [0.5]],
  column: noisy([2, 1], 4),
};
const model = (nodes: TinyModel['nodes']): Model =>
  tinyModel({ inputs: { x: [2, 3] }, outputs: [nodes.at(-1)?.output[0] ?? ''], constants, nodes });
const errors = new Map([['c_node', Float64Array.of(0.25, -1)]]);

describe('takes the error out of', () => {
  test.each([
    ['a Gemm with a bias', [node('Gemm', ['x', 'w', 'b'], 'c')]],
    ['a Gemm with a bias of [1, N]', [node('Gemm', ['x', 'w', 'row'], 'c')]],
    ['a Gemm with one number for all', [node('Gemm', ['x', 'w', 'one'], 'c')]],
    ['a Gemm without a bias', [node('Gemm', ['x', 'w'], 'c')]],
    ['a Gemm whose bias is left out', [node('Gemm', ['x', 'w', ''], 'c')]],
    ['a MatMul with an Add', [node('MatMul', ['x', 'w'], 'c'), node('Add', ['c', 'b'], 'y')]],
    ['a MatMul with an Add the other way', [node('MatMul', ['x', 'w'], 'c'), node('Add', ['row', 'c'], 'y')]],
    [
      'a Gemm that shares its bias, and not of the other',
      [
        node('Gemm', ['x', 'w', 'b'], 'c'),
        node('Gemm', ['x', 'w', 'b'], 'd'),
        node('Concat', ['c', 'd'], 'y', { axis: 0 }),
      ],
    ],
  ])('%s', async (name, nodes) => {
    const original = model(nodes);
    const before = clone(ModelProtoSchema, original);
    const corrected = correctBias(original, errors);
    expect(equals(ModelProtoSchema, original, before)).toBe(true);
    expect(corrected.changes).toEqual([{ layer: 'c_node', largest: 1, left: null }]);
    const [was, is] = [await runModel(original, { x }), await runModel(corrected.model, { x })].map(
      (outputs) => Array.from(Object.values(outputs)[0]?.data ?? [], Number),
    );
    was?.forEach((v, i) => {
      const expected = name.includes('not of the other') && i >= 4 ? v : v - (i % 2 === 0 ? 0.25 : -1);
      expect(is?.[i]).toBeCloseTo(expected, 5);
    });
    expect(corrected.model.graph.node).toHaveLength(nodes.length);
  });
});

test('keeps the name of the bias where it can', () => {
  const corrected = correctBias(model([node('Gemm', ['x', 'w', 'b'], 'c')]), errors);
  const bias = corrected.model.graph.initializer.find((t) => t.name === 'b');
  expect(Array.from(bias ? floatValues(bias) : [])[1]).toBeCloseTo((noise(2, 2)[1] ?? NaN) + 1, 6);
});

test.each([
  ['no Add', [node('MatMul', ['x', 'w'], 'c')], 'No constant is added to its columns.'],
  [
    'an Add of something computed',
    [node('MatMul', ['x', 'w'], 'c'), node('Add', ['c', 'c'], 'y')],
    'No constant is added to its columns.',
  ],
  [
    'another reader in front of the Add',
    [
      node('MatMul', ['x', 'w'], 'c'),
      node('Abs', ['c'], 'a'),
      node('Add', ['c', 'b'], 'd'),
      node('Add', ['a', 'd'], 'y'),
    ],
    'No constant is added to its columns.',
  ],
  [
    'a bias per row',
    [node('Gemm', ['x', 'w', 'column'], 'c')],
    'Its bias is not one value for each output channel.',
  ],
  [
    'a bias that is computed',
    [node('Relu', ['b'], 'r'), node('Gemm', ['x', 'w', 'r'], 'c')],
    'Its bias is computed while the model runs.',
  ],
])('leaves a layer with %s as it is, and says so', (_, nodes, why) => {
  const alone = model(nodes);
  expect(correctBias(alone, errors).model).toBe(alone);
  // Beside one that can be corrected it is told.
  const both = model([node('Gemm', ['x', 'w', 'b'], 'g'), ...nodes]);
  const corrected = correctBias(both, new Map([...errors, ['g_node', Float64Array.of(1, 1)]]));
  expect(corrected.changes).toContainEqual({ layer: 'c_node', largest: 1, left: why });
});

test('does nothing where there is no error, or none that is a number', () => {
  const gemm = model([node('Gemm', ['x', 'w', 'b'], 'c')]);
  expect(correctBias(gemm, new Map()).model).toBe(gemm);
  expect(correctBias(gemm, new Map([['c_node', new Float64Array(2)]])).model).toBe(gemm);
  expect(correctBias(gemm, new Map([['c_node', Float64Array.of(NaN, 1)]])).model).toBe(gemm);
  expect(correctBias(gemm, new Map([['c_node', Float64Array.of(1, 1, 1)]])).model).toBe(gemm);
});
