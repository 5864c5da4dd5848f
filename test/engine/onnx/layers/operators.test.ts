import { describe, expect, test } from 'vitest';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import type { Model } from '../../../../engine/onnx/graph/model';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { findOperators } from '../../../../engine/onnx/layers/operators';
import { assignGrids } from '../../../../engine/quantize/grids';
import { profiles } from '../../../../engine/quantize/targets/profiles';
import { float, relativeError, runModel } from '../../runTiny';
import { int64, node, noise, noisy, tinyModel } from '../../tinyModel';
import { runNodes } from '../../runtime/runNodes';
import { x86Here } from '../../quantize/here';
import { quantizeTiny } from '../../quantize/quantizeTiny';

const image = [1, 4, 6, 8];
const feeds = { x: float(image, noise(192, 5)) };
const settings = { profile: x86Here, weights: 'per-channel' } as const;

/** A convolution, what is given between, and a convolution. */
function between(
  nodes: ReturnType<typeof node>[],
  constants: Parameters<typeof tinyModel>[0]['constants'] = {},
  channels = 4,
): Model {
  return tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    nodes: [node('Conv', ['x', 'v'], 'a'), ...nodes, node('Conv', ['b', 'w'], 'y')],
    constants: { v: noisy([4, 4, 1, 1], 1), w: noisy([3, channels, 1, 1], 2), ...constants },
  });
}

async function kindsOf(model: Model): Promise<string[]> {
  const nodes = await runNodes(model);
  return nodes.filter((n) => n.kind !== 'conversion').map((n) => `${n.opType} ${n.kind}`);
}

const number = (value: number): [number[], number[]] => [[], [value]];
const six = { three: number(3), zero: number(0), six: number(6) };

/** What stands between, the noise that its 8 bits may add, and what onnxruntime makes of it. */
const cases: {
  title: string;
  model: Model;
  nodes: string[];
  within?: number;
}[] = [
  {
    title: 'a sum of two branches',
    model: between([node('Conv', ['x', 'u'], 'c'), node('Add', ['a', 'c'], 'b')], {
      u: noisy([4, 4, 1, 1], 3),
    }),
    nodes: ['QLinearAdd integer'],
  },
  {
    title: 'a sum with a Relu, which the grid makes superfluous',
    model: between([node('Conv', ['x', 'u'], 'c'), node('Add', ['a', 'c'], 's'), node('Relu', ['s'], 'b')], {
      u: noisy([4, 4, 1, 1], 3),
    }),
    nodes: ['QLinearAdd integer'],
  },
  {
    title: 'a product with a constant per channel',
    model: between([node('Mul', ['a', 'k'], 'p'), node('Add', ['p', 'a'], 'b')], {
      k: noisy([1, 4, 1, 1], 4),
    }),
    nodes: ['QLinearMul integer', 'QLinearAdd integer'],
  },
  {
    title: 'a quotient by a constant, as a product',
    model: between([node('Div', ['a', 'k'], 'b')], { k: [[1, 1, 6, 8], noise(48, 9).map((x) => 2 + x)] }),
    nodes: ['QLinearMul integer'],
  },
  {
    title: 'a difference with a constant, as a sum',
    model: between([node('Sub', ['a', 'k'], 'b')], { k: noisy([1, 1, 6, 8], 9) }),
    nodes: ['QLinearAdd integer'],
  },
  {
    title: 'HardSigmoid, as a sum onto a grid that clips',
    model: between([node('HardSigmoid', ['a'], 'b')]),
    nodes: ['QLinearAdd integer'],
  },
  {
    title: 'HardSwish as exporters write it',
    model: between(
      [
        node('Add', ['a', 'three'], 's'),
        node('Clip', ['s', 'zero', 'six'], 'c'),
        node('Mul', ['a', 'c'], 'm'),
        node('Div', ['m', 'six'], 'b'),
      ],
      six,
    ),
    nodes: ['QLinearAdd integer', 'QLinearMul integer'],
  },
  {
    title: 'a product with one number, which is no arithmetic',
    model: between([node('Mul', ['a', 'six'], 'b')], six),
    nodes: [],
  },
  {
    title: 'Concat of tensors with unlike ranges',
    model: between(
      [node('Conv', ['x', 'u'], 'c'), node('Concat', ['a', 'c'], 'b', { axis: 1 })],
      { u: noisy([4, 4, 1, 1], 3, 5) },
      8,
    ),
    nodes: ['QLinearConcat integer'],
  },
  {
    title: 'MaxPool, on the grid of what it reads',
    model: between([node('MaxPool', ['a'], 'b', { kernel_shape: [2, 2] })]),
    nodes: ['NhwcMaxPool integer'],
  },
  {
    title: 'Transpose and Reshape, which move integers',
    model: between(
      [node('Transpose', ['a'], 't', { perm: [0, 1, 3, 2] }), node('Reshape', ['t', 'shape'], 'b')],
      { shape: int64('shape', [1, 4, 12, 4]) },
    ),
    nodes: [],
  },
  {
    title: 'Pad with zeros, put around the integers',
    model: between([node('Pad', ['a', 'pads'], 'b')], {
      pads: int64('pads', [0, 0, 1, 1, 0, 0, 1, 1]),
    }),
    nodes: ['Pad integer'],
  },
  {
    title: 'Pad that reflects',
    model: between([node('Pad', ['a', 'pads'], 'b', { mode: 'reflect' })], {
      pads: int64('pads', [0, 0, 2, 1, 0, 0, 1, 3]),
    }),
    nodes: ['Pad integer'],
  },
  {
    title: 'Concat with zeros, as exporters pad channels',
    model: between(
      [node('ConstantOfShape', ['size'], 'z'), node('Concat', ['z', 'a'], 'b', { axis: 1 })],
      { size: int64('size', [1, 3, 6, 8]) },
      7,
    ),
    nodes: [],
  },
  {
    title: 'Sigmoid',
    model: between([node('Sigmoid', ['a'], 'b')]),
    nodes: ['QLinearSigmoid integer'],
  },
  {
    title: 'GlobalAveragePool',
    model: between([node('GlobalAveragePool', ['a'], 'b')]),
    nodes: ['QLinearGlobalAveragePool integer'],
    // Its mean leaves little signal.
    within: 0.06,
  },
];

describe.each(cases)('$title', ({ model, nodes, within = 0.03 }) => {
  test('is computed on integers, near to float', async () => {
    const { int8 } = await quantizeTiny(model, feeds, settings, [], true);
    const [was, is] = [await runModel(model, feeds), await runModel(int8, feeds)].map((o) =>
      Array.from(o['y']?.data ?? [], Number),
    );
    expect(relativeError(was ?? [], is ?? [])).toBeLessThan(within);
    const kinds = await kindsOf(int8);
    expect(kinds.filter((kind) => !kind.startsWith('QLinearConv'))).toEqual(nodes);
    expect(kinds.every((kind) => kind.endsWith('integer'))).toBe(true);
    // onnxruntime would compute what nobody reads.
    const read = new Set([...int8.graph.node.flatMap((n) => n.input), 'y']);
    expect(int8.graph.node.filter((n) => !n.output.some((o) => read.has(o)))).toEqual([]);
  });

  test.each(['arm', 'tensorrt', 'x86'] as const)('answers near to float for %s', async (profile) => {
    const { int8 } = await quantizeTiny(model, feeds, { ...settings, profile }, [], true);
    const exact = { threads: 1, unfused: true };
    const [was, is] = [await runModel(model, feeds), await runModel(int8, feeds, undefined, exact)].map((o) =>
      Array.from(o['y']?.data ?? [], Number),
    );
    expect(relativeError(was ?? [], is ?? [])).toBeLessThan(within);
    if (profile !== 'tensorrt') return;
    const zeros = int8.graph.initializer.filter((t) => t.name.includes('zero_point'));
    expect(zeros.every((t) => t.rawData.every((byte) => byte === 0))).toBe(true);
  });
});

test('an operator that no integer reaches stays in float, also behind a layer that does', async () => {
  const model = between([node('Sigmoid', ['a'], 'b')]);
  const { int8 } = await quantizeTiny(model, feeds, settings, ['a_node'], true);
  // onnxruntime computes the sigmoid as part of the float convolution.
  expect(await kindsOf(int8)).toEqual(['Conv float', 'QLinearConv integer']);
});

test('what makes a result of the model stays in float, and so do the parts of a LayerNorm', () => {
  const nodes = [
    node('Conv', ['x', 'v'], 'a'),
    node('ReduceMean', ['a'], 'm', { axes: [-1] }),
    node('Sub', ['a', 'm'], 'd'),
    node('Pow', ['d', 'two'], 'p'),
    node('ReduceMean', ['p'], 'q', { axes: [-1] }),
    node('Add', ['q', 'epsilon'], 'e'),
    node('Sqrt', ['e'], 's'),
    node('Div', ['d', 's'], 'n'),
    node('Sigmoid', ['n'], 'y'),
  ];
  const constants = { v: noisy([4, 4, 1, 1], 1), two: number(2), epsilon: number(1e-5) };
  const { graph } = normalize(tinyModel({ inputs: { x: image }, outputs: ['y'], nodes, constants }));
  expect(findOperators(graph, findLayers(graph), profiles.x86.operators)).toEqual([]);
});

test('floats that come of shapes are no values of the network', () => {
  const nodes = [
    node('Conv', ['x', 'v'], 'a'),
    node('Shape', ['a'], 'h'),
    node('Cast', ['h'], 'f', { to: 1 }),
    node('Mul', ['f', 'half'], 'g'),
    node('Cast', ['g'], 'i', { to: 7 }),
    node('Resize', ['a', '', '', 'i'], 'b', { mode: 'nearest' }),
    node('Conv', ['b', 'w'], 'y'),
  ];
  const constants = { v: noisy([4, 4, 1, 1], 1), w: noisy([3, 4, 1, 1], 2), half: number(0.5) };
  const { graph } = normalize(tinyModel({ inputs: { x: image }, outputs: ['y'], nodes, constants }));
  const found = findOperators(graph, findLayers(graph), profiles.x86.operators);
  expect(found.map((o) => o.opType)).toEqual(['Resize']);
});

test('tensors that are joined share one grid where the target wants it, back to where they were made', () => {
  const model = between(
    [
      node('Conv', ['x', 'u'], 'c'),
      node('MaxPool', ['c'], 'd', { kernel_shape: [1, 1] }),
      node('Concat', ['a', 'd'], 'e', { axis: 1 }),
      node('Concat', ['e', 'a'], 'b', { axis: 1 }),
    ],
    { u: noisy([4, 4, 1, 1], 3) },
    12,
  );
  const { graph } = normalize(model);
  const operators = findOperators(graph, findLayers(graph), profiles.tensorrt.operators);
  const histograms = {
    a: { min: -1, max: 1 },
    c: { min: 0, max: 7 },
    d: { min: 0, max: 3 },
    e: { min: -1, max: 3 },
    b: { min: -1, max: 3 },
  };
  const clips = new Map(Object.entries(histograms).map(([t, { min, max }]) => [t, Math.max(-min, max)]));
  const activations = assignGrids(profiles.tensorrt, operators, histograms, clips);
  const scales = ['a', 'c', 'd', 'e', 'b'].map((t) => activations.get(t)?.scale);
  expect(new Set(scales).size).toBe(1);
  expect(scales[0]).toBeCloseTo(7 / 127, 7);
});
