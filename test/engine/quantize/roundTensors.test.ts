import { expect, test } from 'vitest';
import { normalize } from '../../../engine/onnx/normalize/normalize';
import { affine8, dequantize, quantize } from '../../../engine/quantize/affine';
import { profiles } from '../../../engine/quantize/targets/profiles';
import { withRoundedTensors } from '../../../engine/quantize/roundTensors';
import { float, runModel } from '../runTiny';
import { node, noise, tinyModel } from '../tinyModel';

const model = normalize(
  tinyModel({
    inputs: { x: [2, 5] },
    outputs: ['y', 'z'],
    nodes: [
      node('Sin', ['x'], 'a'),
      node('Mul', ['a', 'a'], 'b'),
      node('Add', ['b', 'a'], 'y'),
      node('Neg', ['b'], 'z'),
    ],
  }),
);
const x = noise(10, 4).map((v) => 3 * v);
const feeds = { x: float([2, 5], x) };

test.each(['x86', 'arm'] as const)('tensors are rounded for all that read them, for %s', async (name) => {
  const profile = profiles[name];
  const grid = affine8(-1, 1, profile.activation.type === 'int8' ? -128 : 0);
  const made = withRoundedTensors(model, new Map([['a', grid]]), profile);
  const { y, z } = await runModel(made, feeds);
  const rounded = Array.from(x, (v) => dequantize(quantize(Math.sin(v), grid), grid));
  rounded.forEach((a, i) => {
    expect(y?.data[i]).toBeCloseTo(a * a + a, 5);
    expect(z?.data[i]).toBeCloseTo(-a * a, 5);
  });
  // The original is as it was.
  expect(model.graph.node).toHaveLength(4);
});

test('two tensors of one chain are rounded each on its own grid', async () => {
  const [first, second] = [affine8(-1, 1, 0), affine8(0, 0.25, 0)];
  const grids = new Map([
    ['a', first],
    ['b', second],
    ['unknown', first],
  ]);
  const { z } = await runModel(withRoundedTensors(model, grids, profiles.x86), feeds);
  x.forEach((v, i) => {
    const a = dequantize(quantize(Math.sin(v), first), first);
    expect(z?.data[i]).toBeCloseTo(-dequantize(quantize(a * a, second), second), 5);
  });
});
