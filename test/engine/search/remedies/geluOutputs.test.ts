import { describe, expect, test } from 'vitest';
import { findGeluOutputs } from '../../../../engine/search/remedies/geluOutputs';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { node, tinyModel } from '../../tinyModel';

const constants = {
  root: [[], [Math.SQRT2]] as [number[], number[]],
  one: [[], [1]] as [number[], number[]],
  half: [[], [0.5]] as [number[], number[]],
};
/** ½ · x · (1 + erf(x / √2)), twice, with another product between. */
const gelu = (x: string, y: string) => [
  node('Div', [x, 'root'], `${y}d`),
  node('Erf', [`${y}d`], `${y}e`),
  node('Add', [`${y}e`, 'one'], `${y}a`),
  node('Mul', [x, `${y}a`], `${y}m`),
  node('Mul', [`${y}m`, 'half'], y),
];
const { graph } = normalize(
  tinyModel({
    inputs: { x: [1, 4] },
    outputs: ['z'],
    constants,
    nodes: [...gelu('x', 'g'), node('Mul', ['g', 'half'], 's'), ...gelu('s', 'h'), node('Relu', ['h'], 'z')],
  }),
);

test('finds what a GELU answers, not what is inside of it', () => {
  expect(findGeluOutputs(graph)).toEqual(['g', 'h']);
});

describe('the operator', () => {
  test.each(['', 'com.microsoft'])('of domain "%s" counts too', (domain) => {
    const model = tinyModel({
      inputs: { x: [1, 4] },
      outputs: ['y'],
      opset: 20,
      nodes: [node('Gelu', ['x'], 'y')],
    });
    const [only] = model.graph.node;
    if (only) only.domain = domain;
    expect(findGeluOutputs(model.graph)).toEqual(['y']);
  });
});
