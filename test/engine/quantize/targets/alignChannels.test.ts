import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withAlignedChannels } from '../../../../engine/quantize/targets/alignChannels';
import { intAttribute } from '../../../../engine/onnx/graph/attributes';
import type { Model } from '../../../../engine/onnx/graph/model';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { float, relativeError, runModel } from '../../runTiny';
import { int64, node, noise, noisy, tinyModel } from '../../tinyModel';

const SIDE = 6;

/** Of each convolution with groups. */
function groups({ graph }: Model): number[] {
  return graph.node.map((n) => intAttribute(n, 'group', 1)).filter((group) => group > 1);
}

async function expectSame(model: Model, made: Model): Promise<void> {
  const feeds = { x: float([1, 3, SIDE, SIDE], noise(3 * SIDE * SIDE, 8)) };
  const [was, is] = [await runModel(model, feeds), await runModel(made, feeds)].map((o) => o['y']);
  expect(is?.dims).toEqual(was?.dims);
  expect(relativeError(was?.data as Float32Array, is?.data as Float32Array)).toBeLessThan(1e-5);
}

/** MobileNetV3's block: expansion, HardSwish in parts, a depthwise convolution, squeeze and excitation, projection. */
function mobileBlock(channels: number): Model {
  return normalize(
    tinyModel({
      inputs: { x: [1, 3, SIDE, SIDE] },
      outputs: ['y'],
      constants: {
        ...{ w1: noisy([channels, 3, 1, 1], 1), b1: noisy([channels], 2), w2: noisy([channels, 1, 3, 3], 3) },
        ...{ w3: noisy([4, channels, 1, 1], 4), w4: noisy([channels, 4, 1, 1], 5), b4: noisy([channels], 6) },
        ...{
          scaling: [[1, channels, 1, 1], noise(channels, 9).map((v) => v + 2)],
          shifts: noisy([channels, 1, 1], 10),
        },
        ...{ w5: noisy([2, channels, 1, 1], 7), three: [[], [3]], six: [[], [6]] },
        zero: [[], [0]],
      },
      nodes: [
        node('Conv', ['x', 'w1', 'b1'], 'a'),
        ...[node('Add', ['a', 'three'], 'h1'), node('Clip', ['h1', 'zero', 'six'], 'h2')],
        ...[node('Mul', ['a', 'h2'], 'h3'), node('Div', ['h3', 'six'], 'h')],
        node('Conv', ['h', 'w2'], 'd', { group: channels, pads: [1, 1, 1, 1] }),
        ...[node('Div', ['d', 'scaling'], 'e'), node('Relu', ['e'], 'r'), node('Sub', ['shifts', 'r'], 's')],
        ...[node('GlobalAveragePool', ['s'], 'g'), node('Conv', ['g', 'w3'], 'q'), node('Relu', ['q'], 'qr')],
        ...[node('Conv', ['qr', 'w4', 'b4'], 'k'), node('HardSigmoid', ['k'], 'ks')],
        node('Mul', ['s', 'ks'], 'm'),
        node('Conv', ['m', 'w5'], 'y'),
      ],
    }),
  );
}

test('depthwise convolutions of a squeeze-and-excitation block get whole multiples, and compute the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 70 }), async (channels) => {
      const model = mobileBlock(channels);
      const made = withAlignedChannels(model, 16);
      const aligned = Math.ceil(channels / 16) * 16;
      if (aligned === channels || aligned > 1.5 * channels) expect(made).toBe(model);
      else expect(groups(made)).toEqual([aligned]);
      expect(made.graph.node.map((n) => n.output)).toEqual(model.graph.node.map((n) => n.output));
      expect(new Set(made.graph.initializer.map((t) => t.name))).toEqual(
        new Set(model.graph.initializer.map((t) => t.name)),
      );
      await expectSame(model, made);
    }),
    { numRuns: 25 },
  );
});

/** BlazeFace's blocks: a residual widened by channels of zeros. `between` stands before the first of them. */
function residualBlocks(before: number, after: number, between = 'Relu', isStored = true): Model {
  const added = after - before;
  return normalize(
    tinyModel({
      inputs: { x: [1, 3, SIDE, SIDE] },
      outputs: ['y'],
      constants: {
        ...{ w0: noisy([before, 3, 1, 1], 1), w1: noisy([before, 1, 3, 3], 2) },
        ...{ w2: noisy([after, before, 1, 1], 3), b2: noisy([after], 4), w3: noisy([after, 1, 3, 3], 5) },
        ...{ w4: noisy([2, after, 1, 1], 6) },
        zeros: [[1, added, SIDE / 2, SIDE / 2], new Float32Array(added * (SIDE / 2) ** 2)],
        shape: int64('shape', [1, added, SIDE / 2, SIDE / 2]),
      },
      nodes: [
        ...[node('Conv', ['x', 'w0'], 'a'), node(between, ['a'], 'r')],
        node('MaxPool', ['r'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }),
        // Exporters write either.
        ...(isStored ? [] : [node('ConstantOfShape', ['shape'], 'made')]),
        node('Concat', ['p', isStored ? 'zeros' : 'made'], 'c', { axis: 1 }),
        node('Conv', ['r', 'w1'], 'd', { group: before, pads: [1, 1, 1, 1], strides: [2, 2] }),
        node('Conv', ['d', 'w2', 'b2'], 'e'),
        ...[node('Add', ['c', 'e'], 's'), node('Relu', ['s'], 't')],
        node('Conv', ['t', 'w3'], 'f', { group: after, pads: [1, 1, 1, 1] }),
        node('Conv', ['f', 'w4'], 'y'),
      ],
    }),
  );
}

test('zeros that widen a residual make room for those that are added', async () => {
  const size = fc.integer({ min: 2, max: 60 });
  await fc.assert(
    fc.asyncProperty(size, fc.integer({ min: 1, max: 20 }), fc.boolean(), async (before, added, isStored) => {
      const model = residualBlocks(before, before + added, 'Relu', isStored);
      const made = withAlignedChannels(model, 16);
      await expectSame(model, made);
    }),
    { numRuns: 25 },
  );
  const joined = withAlignedChannels(residualBlocks(24, 28), 16);
  expect(groups(joined)).toEqual([32, 32]);
  const types = (model: Model) => model.graph.node.map((n) => n.opType);
  expect(types(joined)).not.toContain('Concat');
  expect(types(joined)).not.toContain('Pad');
  const widened = withAlignedChannels(residualBlocks(28, 36), 16);
  expect(groups(widened)).toEqual([32, 48]);
  expect(types(widened)).toContain('Pad');
  // Sigmoid makes halves of zeros, and the zeros behind must stay zeros.
  const halves = residualBlocks(24, 28, 'Sigmoid');
  expect(groups(withAlignedChannels(halves, 16))).toEqual([24, 32]);
  await expectSame(halves, withAlignedChannels(halves, 16));
});

test.each<[string, Parameters<typeof tinyModel>[0]['nodes'], string[]]>([
  ['are outputs', [], ['y', 'd']],
  ['are reordered', [node('Reshape', ['d', 'shape'], 'z')], ['y', 'z']],
  ['divide', [node('Div', ['a', 'd'], 'q'), node('Conv', ['q', 'w3'], 'z')], ['y', 'z']],
  ['meet what is not known', [node('Add', ['d', 'x'], 'q'), node('Conv', ['q', 'w3'], 'z')], ['y', 'z']],
  [
    'meet a constant for each pixel',
    [node('Add', ['d', 'map'], 'q'), node('Conv', ['q', 'w3'], 'z')],
    ['y', 'z'],
  ],
])('channels that %s stay as they are', (_, more, outputs) => {
  const model = normalize(
    tinyModel({
      inputs: { x: [1, 3, SIDE, SIDE] },
      outputs,
      constants: {
        ...{ w1: noisy([12, 3, 1, 1], 1), w2: noisy([12, 1, 3, 3], 2), w3: noisy([2, 12, 1, 1], 3) },
        map: noisy([12, SIDE, SIDE], 4),
        shape: int64('shape', [12, -1]),
      },
      nodes: [
        node('Conv', ['x', 'w1'], 'a'),
        node('Conv', ['a', 'w2'], 'd', { group: 12, pads: [1, 1, 1, 1] }),
        node('Conv', ['d', 'w3'], 'y'),
        ...more,
      ],
    }),
  );
  expect(withAlignedChannels(model, 16)).toBe(model);
});
