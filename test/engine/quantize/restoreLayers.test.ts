import { expect, test } from 'vitest';
import { floatValues } from '../../../engine/onnx/tensors/elements';
import { findLayers } from '../../../engine/onnx/layers/layers';
import { normalize } from '../../../engine/onnx/normalize/normalize';
import { correctBias } from '../../../engine/search/remedies/correctBias';
import { restoreLayers } from '../../../engine/quantize/restoreLayers';
import { node, noisy, tinyModel } from '../tinyModel';

const plain = normalize(
  tinyModel({
    inputs: { x: [1, 3, 4, 4] },
    outputs: ['y'],
    constants: { v: noisy([4, 3, 1, 1], 1), b: noisy([4], 2), w: noisy([2, 4, 1, 1], 3) },
    nodes: [node('Conv', ['x', 'v', 'b'], 'a'), node('Conv', ['a', 'w'], 'y')],
  }),
);
const errors = new Map([
  ['a_node', Float64Array.of(0.5, -0.5, 1, 2)],
  ['y_node', Float64Array.of(3, 4)],
]);

function biasesOf(model: typeof plain): (number[] | null)[] {
  return findLayers(model.graph).map(({ bias }) => (bias === null ? null : [...floatValues(bias)]));
}

test('layers get back the biases that they had, and those that had none have none', () => {
  const remedied = correctBias(plain, errors).model;
  const [first, second] = biasesOf(remedied);
  expect(second).toEqual([-3, -4]);
  const [original] = biasesOf(plain);
  expect(first).not.toEqual(original);
  expect(biasesOf(restoreLayers(remedied, plain, new Set(['a_node'])))).toEqual([original, second]);
  expect(biasesOf(restoreLayers(remedied, plain, new Set(['y_node'])))).toEqual([first, null]);
  expect(biasesOf(restoreLayers(remedied, plain, new Set(['a_node', 'y_node'])))).toEqual(biasesOf(plain));
  // What is given stays as it is.
  expect(biasesOf(remedied)).toEqual([first, second]);
  expect(restoreLayers(remedied, plain, new Set())).toBe(remedied);
});
