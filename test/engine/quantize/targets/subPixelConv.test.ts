import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { withSubPixelConvs } from '../../../../engine/quantize/targets/subPixelConv';
import { float, relativeError, runModel } from '../../runTiny';
import { node, noise, noisy, tinyModel } from '../../tinyModel';

type Attributes = NonNullable<Parameters<typeof node>[3]>;

function transposed(
  [inputs, outputs, side]: [number, number, number],
  attributes: Attributes,
  bias: boolean,
  group = 1,
) {
  const constants = { w: noisy([inputs, outputs / group, side, side], 3), b: noisy([outputs], 4) };
  const model = tinyModel({
    inputs: { x: [2, inputs, 3, 5] },
    outputs: ['y'],
    constants,
    nodes: [node('ConvTranspose', bias ? ['x', 'w', 'b'] : ['x', 'w'], 'y', attributes)],
  });
  return normalize(model);
}

test('a transposed convolution without overlap is a convolution and a DepthToSpace that compute the same', async () => {
  const sizes = fc.tuple(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 2, max: 4 }),
  );
  await fc.assert(
    fc.asyncProperty(sizes, fc.boolean(), async (size, bias) => {
      const model = transposed(size, { strides: [size[2], size[2]] }, bias);
      const made = withSubPixelConvs(model);
      expect(made.graph.node.map((n) => n.opType)).toEqual(['Conv', 'DepthToSpace']);
      expect(made.graph.node[0]?.name).toBe('y_node');
      const feeds = { x: float([2, size[0], 3, 5], noise(2 * size[0] * 15, 8)) };
      const [was, is] = [await runModel(model, feeds), await runModel(made, feeds)].map((o) => o['y']);
      expect(is?.dims).toEqual(was?.dims);
      expect(relativeError(was?.data as Float32Array, is?.data as Float32Array)).toBeLessThan(1e-5);
    }),
    { numRuns: 20 },
  );
});

test.each<[string, Attributes, number]>([
  ['windows overlap', { strides: [1, 1] }, 1],
  ['there are gaps between windows', { strides: [3, 3] }, 1],
  ['edges are cut off', { strides: [2, 2], pads: [1, 1, 1, 1] }, 1],
  ['channels are in groups', { strides: [2, 2], group: 2 }, 2],
  ['the output is larger', { strides: [2, 2], output_padding: [1, 1] }, 1],
])('one where %s is left as it is', (_, attributes, group) => {
  const model = transposed([4, 4, 2], attributes, true, group);
  expect(withSubPixelConvs(model)).toBe(model);
});
