import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../../engine/shared/engineError';
import { convertOpset } from '../../../../engine/onnx/opset/convertOpset';
import { opsetOf, type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { float, relativeError, runFloats, runModel } from '../../runTiny';
import { int64, node, noise, noisy, tinyModel, type TinyModel } from '../../tinyModel';

function converted(model: Model, target: number): Model {
  const copy = decodeModel(encodeModel(model), 'copy.onnx');
  convertOpset(copy, target);
  copy.irVersion = 10n;
  return copy;
}

const image = [1, 4, 6, 8];
type Case = Omit<TinyModel, 'outputs' | 'inputs'> & { outputs?: string[]; inputs?: TinyModel['inputs'] };

/** One entry for every way that an operator's form changed from 17 to 21, and for what must not change. */
const cases: Record<string, Case> = {
  'Split into equal parts': {
    nodes: [node('Split', ['x'], ['y', 'z'], { axis: 1 })],
    outputs: ['y', 'z'],
  },
  'Split by lengths': {
    nodes: [node('Split', ['x', 'n'], ['y', 'z'], { axis: 3 })],
    outputs: ['y', 'z'],
    constants: { n: int64('n', [3, 5]) },
  },
  'GridSample, bilinear': {
    nodes: [node('GridSample', ['x', 'g'], 'y', { mode: 'bilinear' })],
    constants: { g: noisy([1, 3, 5, 2], 2) },
  },
  'GridSample, bicubic': {
    nodes: [node('GridSample', ['x', 'g'], 'y', { mode: 'bicubic', align_corners: 1 })],
    constants: { g: noisy([1, 3, 5, 2], 2) },
  },
  'GridSample, default mode': {
    nodes: [node('GridSample', ['x', 'g'], 'y')],
    constants: { g: noisy([1, 3, 5, 2], 2) },
  },
  'GridSample, nearest': {
    nodes: [node('GridSample', ['x', 'g'], 'y', { mode: 'nearest' })],
    constants: { g: noisy([1, 3, 5, 2], 2) },
  },
  'DFT, default axis': { inputs: { x: [1, 8, 5, 1] }, nodes: [node('DFT', ['x'], 'y')] },
  'DFT, axis 2': { inputs: { x: [1, 8, 5, 1] }, nodes: [node('DFT', ['x'], 'y', { axis: 2, onesided: 1 })] },
  'DFT of a length': {
    inputs: { x: [1, 8, 5, 1] },
    nodes: [node('DFT', ['x', 'n'], 'y', { axis: 1 })],
    constants: { n: int64('n', [6], []) },
  },
  'Resize by sizes beside empty scales': {
    nodes: [node('Resize', ['x', '', 's', 'n'], 'y', { mode: 'linear' })],
    constants: { s: [[0], []], n: int64('n', [1, 4, 9, 5]) },
  },
  'Resize, linear': {
    nodes: [node('Resize', ['x', '', 's'], 'y', { mode: 'linear' })],
    constants: { s: [[4], [1, 1, 1.5, 0.6]] },
  },
  'Pad with all axes': {
    nodes: [node('Pad', ['x', 'n'], 'y', { mode: 'reflect' })],
    constants: { n: int64('n', [0, 1, 2, 3, 0, 1, 2, 3]) },
  },
  'AveragePool that rounds up': {
    nodes: [
      node('AveragePool', ['x'], 'y', {
        kernel_shape: [3, 3],
        strides: [2, 2],
        ceil_mode: 1,
        pads: [1, 1, 1, 1],
      }),
    ],
  },
  'AveragePool that rounds up and counts the border': {
    nodes: [
      node('AveragePool', ['x'], 'y', {
        kernel_shape: [3, 3],
        strides: [2, 2],
        ceil_mode: 1,
        pads: [1, 1, 1, 1],
        count_include_pad: 1,
      }),
    ],
  },
  LpPool: { nodes: [node('LpPool', ['x'], 'y', { kernel_shape: [2, 2], p: 3 })] },
  'QuantizeLinear and DequantizeLinear': {
    nodes: [node('QuantizeLinear', ['x', 's'], 'q', { axis: 1 }), node('DequantizeLinear', ['q', 's'], 'y')],
    constants: { s: [[4], [0.01, 0.02, 0.03, 0.04]] },
  },
};
for (const kind of ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare']) {
  // LogSum needs values above zero.
  const positive = [node('Abs', ['x'], 'a')];
  const reduce = (attributes: Parameters<typeof node>[3]) => ({
    nodes: [...positive, node(`Reduce${kind}`, ['a'], 'y', attributes)],
  });
  cases[`Reduce${kind} of all axes`] = reduce({ keepdims: 0 });
  cases[`Reduce${kind} of axes`] = reduce({ axes: [1, -1] });
}

describe.each([18, 19, 20, 21])('at %d answers as at 17:', (target) => {
  test.each(Object.entries(cases))('%s', async (_, given) => {
    const inputs = given.inputs ?? { x: image };
    const model = tinyModel({ outputs: ['y'], ...given, inputs, opset: 17 });
    const newer = converted(model, target);
    expect(opsetOf(newer)).toBe(target);
    const dims = inputs['x']?.map(Number) ?? [];
    const feeds = {
      x: float(
        dims,
        noise(
          dims.reduce((a, b) => a * b, 1),
          5,
        ),
      ),
    };
    const [before, after] = [await runModel(model, feeds), await runModel(newer, feeds)];
    for (const name of given.outputs ?? ['y']) {
      expect(after[name]?.dims).toEqual(before[name]?.dims);
      const [a = [], b = []] = [before, after].map((o) => Array.from(o[name]?.data ?? [], Number));
      expect(relativeError(a, b)).toBeLessThan(1e-5);
    }
  });
});

test('the scale and bias of each group become those of its channels', async () => {
  const [groups, channels, size] = [2, 6, 5];
  const [scale, bias] = [noisy([groups], 2), noisy([groups], 3)];
  const model = tinyModel({
    opset: 18,
    inputs: { x: [1, channels, size] },
    outputs: ['y'],
    constants: { s: scale, b: bias },
    nodes: [
      node('GroupNormalization', ['x', 's', 'b'], 'y', { num_groups: groups, epsilon: { float: 0.01 } }),
    ],
  });
  const x = noise(channels * size, 5);
  const perGroup = (channels / groups) * size;
  const expected = Array.from(x, (v, i) => {
    const g = Math.floor(i / perGroup);
    const own = x.slice(g * perGroup, (g + 1) * perGroup);
    const mean = own.reduce((a, b) => a + b, 0) / perGroup;
    const variance = own.reduce((a, b) => a + (b - mean) ** 2, 0) / perGroup;
    return ((v - mean) / Math.sqrt(variance + 0.01)) * (scale[1][g] ?? NaN) + (bias[1][g] ?? NaN);
  });
  const found = await runFloats(converted(model, 21), [1, channels, size], x);
  expect(relativeError(expected, found)).toBeLessThan(1e-5);
});

test('a GroupNormalization that does not say how many groups is named', () => {
  const nodes = [node('GroupNormalization', ['x', 's', 'b'], 'y')];
  const constants = { s: noisy([2]), b: noisy([2]) };
  const model = tinyModel({ opset: 18, inputs: { x: image }, outputs: ['y'], nodes, constants });
  expect(() => converted(model, 21)).toThrow(EngineError);
});
