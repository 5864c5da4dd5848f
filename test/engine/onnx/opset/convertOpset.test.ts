import { create } from '@bufbuild/protobuf';
import {
  FunctionProtoSchema,
  GraphProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type NodeProto,
} from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../../engine/shared/engineError';
import { convertOpset } from '../../../../engine/onnx/opset/convertOpset';
import { opsetOf, type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import type { Tensor } from '../../../../engine/onnx/tensors/tensor';
import { float, relativeError, runFloats, runModel } from '../../runTiny';
import { int64, node, noise, noisy, tinyModel, valueInfo, type TinyModel } from '../../tinyModel';

function converted(model: Model, target = 17): Model {
  const copy = decodeModel(encodeModel(model), 'copy.onnx');
  convertOpset(copy, target);
  return copy;
}

const INT64_MAX = 2n ** 63n - 1n;
const x234 = { x: [2, 3, 4] };
const image = { x: [1, 2, 4, 6] };

interface Case extends Omit<TinyModel, 'outputs'> {
  opset: number;
  outputs?: string[];
}

/** One entry for every way that an operator's form changed, at the last version that had the old form. */
const cases: Record<string, Case> = {
  'Upsample 7, nearest': {
    opset: 7,
    inputs: image,
    nodes: [node('Upsample', ['x'], 'y', { mode: 'nearest', scales: { floats: [1, 1, 2, 3] } })],
  },
  'Upsample 7, linear': {
    opset: 8,
    inputs: image,
    nodes: [node('Upsample', ['x'], 'y', { mode: 'linear', scales: { floats: [1, 1, 2, 2] } })],
  },
  'Upsample 9, a fraction': {
    opset: 9,
    inputs: image,
    nodes: [node('Upsample', ['x', 's'], 'y', { mode: 'nearest' })],
    constants: { s: [[4], [1, 1, 1.5, 2.5]] },
  },
  'Upsample 9, default mode': {
    opset: 9,
    inputs: image,
    nodes: [node('Upsample', ['x', 's'], 'y')],
    constants: { s: [[4], [1, 1, 2, 2]] },
  },
  'Resize 10, nearest': {
    opset: 10,
    inputs: image,
    nodes: [node('Resize', ['x', 's'], 'y', { mode: 'nearest' })],
    constants: { s: [[4], [1, 1, 2.5, 1.5]] },
  },
  'Resize 10, nearest, smaller': {
    opset: 10,
    inputs: { x: [1, 1, 7, 10] },
    nodes: [node('Resize', ['x', 's'], 'y', { mode: 'nearest' })],
    constants: { s: [[4], [1, 1, 0.6, 0.7]] },
  },
  'Resize 10, linear': {
    opset: 10,
    inputs: image,
    nodes: [node('Resize', ['x', 's'], 'y', { mode: 'linear' })],
    constants: { s: [[4], [1, 1, 2, 0.5]] },
  },
  'Resize 10, nearest, smaller and larger': {
    opset: 10,
    inputs: { x: [1, 1, 7, 10] },
    nodes: [node('Resize', ['x', 's'], 'y', { mode: 'nearest' })],
    constants: { s: [[4], [1, 1, 0.6, 2.5]] },
  },
  'BatchNormalization 7 with a mean for each element': {
    opset: 8,
    inputs: image,
    nodes: [node('BatchNormalization', ['x', 'g', 'b', 'm', 'v'], 'y', { spatial: 0 })],
    constants: {
      g: noisy([2, 4, 6], 1),
      b: noisy([2, 4, 6], 2),
      m: noisy([2, 4, 6], 3),
      v: [[2, 4, 6], noise(48, 4).map((n) => n + 1.5)],
    },
  },
  ImageScaler: {
    opset: 9,
    inputs: { x: [1, 3, 2, 2] },
    nodes: [node('ImageScaler', ['x'], 'y', { scale: { float: 0.5 }, bias: { floats: [1, 2, 3] } })],
  },
  ScaledTanh: {
    opset: 9,
    inputs: x234,
    nodes: [node('ScaledTanh', ['x'], 'y', { alpha: { float: 2 }, beta: { float: 0.5 } })],
  },
  'BatchNormalization 7': {
    opset: 8,
    inputs: image,
    nodes: [
      node('BatchNormalization', ['x', 'g', 'b', 'm', 'v'], 'y', { spatial: 1, epsilon: { float: 0.1 } }),
    ],
    constants: { g: noisy([2], 1), b: noisy([2], 2), m: noisy([2], 3), v: [[2], [0.5, 2]] },
  },
  'Slice 1': {
    opset: 9,
    inputs: x234,
    nodes: [node('Slice', ['x'], 'y', { starts: [1, -3], ends: [3, -1], axes: [1, 2] })],
  },
  'Slice 1 without axes': {
    opset: 9,
    inputs: x234,
    nodes: [node('Slice', ['x'], 'y', { starts: [1, 0], ends: [2, 2] })],
  },
  'Slice 1 up to the end, as PyTorch writes it': {
    opset: 9,
    inputs: x234,
    nodes: [node('Slice', ['x'], 'y', { starts: [1], ends: [INT64_MAX], axes: [1] })],
  },
  'TopK 1': {
    opset: 9,
    inputs: x234,
    nodes: [node('TopK', ['x'], ['y', 'i'], { k: 2, axis: 1 })],
    outputs: ['y', 'i'],
  },
  'Clip 6': {
    opset: 10,
    inputs: x234,
    nodes: [node('Clip', ['x'], 'y', { min: { float: -0.2 }, max: { float: 0.3 } })],
  },
  'Clip 6 with a minimum only': {
    opset: 10,
    inputs: x234,
    nodes: [node('Clip', ['x'], 'y', { min: { float: -0.2 } })],
  },
  'Clip 6 with a maximum only': {
    opset: 10,
    inputs: x234,
    nodes: [node('Clip', ['x'], 'y', { max: { float: 0.3 } })],
  },
  'Clip 6 without bounds': { opset: 10, inputs: x234, nodes: [node('Clip', ['x'], 'y')] },
  'Pad 2': {
    opset: 10,
    inputs: x234,
    nodes: [node('Pad', ['x'], 'y', { pads: [0, 1, 2, 0, 0, 1], value: { float: 1.5 } })],
  },
  'Pad 2, reflecting': {
    opset: 10,
    inputs: x234,
    nodes: [node('Pad', ['x'], 'y', { mode: 'reflect', pads: [0, 1, 2, 0, 1, 1] })],
  },
  'Scatter 9': {
    opset: 10,
    inputs: { x: [3, 3] },
    nodes: [node('Scatter', ['x', 'i', 'u'], 'y', { axis: 1 })],
    constants: {
      i: int64('i', [1, 2], [1, 2]),
      u: [
        [1, 2],
        [7, 8],
      ],
    },
  },
  'Dropout 7': {
    opset: 11,
    inputs: x234,
    nodes: [node('Dropout', ['x'], 'y', { ratio: { float: 0.4 } })],
  },
  'Dropout 10 with its mask': {
    opset: 10,
    inputs: x234,
    nodes: [node('Dropout', ['x'], ['y', 'mask'])],
  },
  'Squeeze 1': {
    opset: 12,
    inputs: { x: [1, 3, 1] },
    nodes: [node('Squeeze', ['x'], 'y', { axes: [0, 2] })],
  },
  'Squeeze 1 without axes': { opset: 12, inputs: { x: [1, 3, 1] }, nodes: [node('Squeeze', ['x'], 'y')] },
  'Unsqueeze 1': { opset: 12, inputs: x234, nodes: [node('Unsqueeze', ['x'], 'y', { axes: [0, 4] })] },
  'ReduceSum 1': {
    opset: 12,
    inputs: x234,
    nodes: [node('ReduceSum', ['x'], 'y', { axes: [0, 2], keepdims: 0 })],
  },
  'ReduceSum 1 over everything': { opset: 12, inputs: x234, nodes: [node('ReduceSum', ['x'], 'y')] },
  'Split 2': {
    opset: 12,
    inputs: x234,
    nodes: [node('Split', ['x'], ['y', 'z'], { axis: 2, split: [1, 3] })],
    outputs: ['y', 'z'],
  },
  'Split 2 into equal parts': {
    opset: 12,
    inputs: x234,
    nodes: [node('Split', ['x'], ['y', 'z'], { axis: 2 })],
    outputs: ['y', 'z'],
  },
  'RoiAlign 10': {
    opset: 15,
    inputs: image,
    nodes: [node('RoiAlign', ['x', 'r', 'b'], 'y', { output_height: 2, output_width: 2 })],
    constants: {
      r: [
        [1, 4],
        [0.3, 0.2, 4.4, 3.1],
      ],
      b: int64('b', [0]),
    },
  },
};
for (const opType of ['Softmax', 'LogSoftmax', 'Hardmax']) {
  cases[`${opType} 1, default axis`] = { opset: 10, inputs: x234, nodes: [node(opType, ['x'], 'y')] };
  for (const axis of [0, 1, 2, -1, -2]) {
    const nodes = [node(opType, ['x'], 'y', { axis })];
    cases[`${opType} 11, axis ${axis}`] = { opset: 12, inputs: x234, nodes };
  }
}

describe('answers as before:', () => {
  test.each(Object.entries(cases))('%s', async (_, given) => {
    const model = tinyModel({ outputs: ['y'], ...given });
    const newer = converted(model);
    expect(opsetOf(newer)).toBe(17);
    const dims = Object.values(given.inputs)[0]?.map(Number) ?? [];
    const values = noise(
      dims.reduce((a, b) => a * b, 1),
      5,
    );
    const names = given.outputs ?? ['y'];
    const [before, after] = [
      await runModel(model, { x: float(dims, values) }, names),
      await runModel(newer, { x: float(dims, values) }, names),
    ];
    for (const name of names) {
      expect(after[name]?.dims).toEqual(before[name]?.dims);
      const [a, b] = [before, after].map((o) => Array.from(o[name]?.data ?? [], Number));
      expect(a).not.toEqual([]);
      b?.forEach((value, i) => expect(value).toBeCloseTo(a?.[i] ?? NaN, 5));
    }
  });

  test('nodes in the bodies of an If', async () => {
    const body = (name: string, step: NodeProto) =>
      create(GraphProtoSchema, { name, node: [step], output: [valueInfo(step.output[0] ?? '', null)] });
    const squeeze = node('Squeeze', ['x'], 'squeezed', { axes: [0] });
    const softmax = node('Softmax', ['x'], 'soft', { axis: 1 });
    const model = tinyModel({
      opset: 12,
      inputs: { x: [1, 2, 3] },
      outputs: ['y'],
      constants: { limit: [[], [0]] },
      nodes: [
        node('ReduceSum', ['x'], 'sum', { keepdims: 0 }),
        node('Greater', ['sum', 'limit'], 'positive'),
        node('If', ['positive'], 'y', {
          then_branch: { graph: body('then', squeeze) },
          else_branch: { graph: body('else', softmax) },
        }),
      ],
    });
    for (const sign of [1, -1]) {
      const feeds: Record<string, Tensor> = {
        x: float(
          [1, 2, 3],
          [1, 2, 3, 4, 5, 6].map((v) => sign * v),
        ),
      };
      const before = await runModel(model, feeds);
      expect(await runModel(converted(model), feeds)).toEqual(before);
    }
  });

  test('a whole chain of old nodes, with names that collide', async () => {
    const model = tinyModel({
      opset: 9,
      inputs: { x: [2, 3, 4] },
      outputs: ['y'],
      constants: { y_axes: [[1], [3]] },
      nodes: [
        node('Mul', ['x', 'y_axes'], 'y_starts'),
        node('Slice', ['y_starts'], 'a', { starts: [1], ends: [INT64_MAX], axes: [2] }),
        node('Unsqueeze', ['a'], 'b', { axes: [0] }),
        node('Softmax', ['b'], 'y_shape', { axis: 2 }),
        node('Squeeze', ['y_shape'], 'y', { axes: [0] }),
      ],
    });
    const feeds = { x: float([2, 3, 4], noise(24)) };
    const [before, after] = [await runModel(model, feeds), await runModel(converted(model), feeds)];
    after['y']?.data.forEach((v, i) => expect(v).toBeCloseTo(Number(before['y']?.data[i]), 6));
  });
});

test('leaves newer models as they are', () => {
  const model = tinyModel({ opset: 18, inputs: x234, outputs: ['y'], nodes: [node('Relu', ['x'], 'y')] });
  expect(encodeModel(converted(model))).toEqual(encodeModel(model));
});

test('stops at the version asked for', () => {
  const nodes = [node('Unsqueeze', ['x'], 'y', { axes: [0] })];
  const model = converted(tinyModel({ opset: 9, inputs: x234, outputs: ['y'], nodes }), 12);
  expect(opsetOf(model)).toBe(12);
  expect(model.graph.node[0]?.attribute[0]?.name).toBe('axes');
});

test('drops the empty training outputs of batch norm, which newer sets do not know', () => {
  const nodes = [node('BatchNormalization', ['x', 'g', 'g', 'g', 'g'], ['y', '', '', '', ''])];
  const model = tinyModel({ opset: 9, inputs: image, outputs: ['y'], nodes, constants: { g: noisy([2]) } });
  expect(converted(model).graph.node[0]?.output).toEqual(['y']);
});

test('leaves operators of other domains alone', () => {
  const own = node('Squeeze', ['x'], 'y', { axes: [0] });
  own.domain = 'my.domain';
  const model = tinyModel({ opset: 11, inputs: x234, outputs: ['y'], nodes: [own] });
  expect(converted(model).graph.node).toEqual(model.graph.node);
});

test.each([
  [
    'a Scan over sequences with lengths of their own',
    { opset: 8, nodes: [node('Scan', ['n', 'x'], 'y')] },
    'y_node (Scan, with lengths',
  ],
  [
    'a Tile along an axis known only when it runs',
    { opset: 1, nodes: [node('Tile', ['x', 'n', 'axis'], 'y')] },
    'y_node (Tile',
  ],
  [
    'batch norm that is still training',
    {
      opset: 9,
      nodes: [node('BatchNormalization', ['x', 'g', 'g', 'g', 'g'], ['y', 'm', 'v', 'sm', 'sv'])],
    },
    'training mode',
  ],
])('refuses %s, by name', (_, given, says) => {
  const model = tinyModel({ inputs: x234, outputs: ['y'], ...given });
  expect(() => converted(model)).toThrow(EngineError);
  expect(() => converted(model)).toThrow(says);
});

describe('sets of 2017', () => {
  // onnxruntime itself runs sets from 7 on, so the values are worked out here.
  const x = noise(24, 3);
  const model = (opset: number, nodes: NodeProto[], constants = {}) =>
    converted(tinyModel({ opset, inputs: x234, outputs: ['y'], nodes, constants }));

  test.each([0, 1, 2])('broadcasting from axis %i', async (axis) => {
    const size = [2, 3, 4][axis] ?? 0;
    const b = noise(size, 9);
    const add = model(6, [node('Add', ['x', 'b'], 'y', { broadcast: 1, axis })], { b: [[size], b] });
    const stride = [12, 4, 1][axis] ?? 1;
    const expected = x.map((v, i) => v + (b[Math.floor(i / stride) % size] ?? NaN));
    expect(relativeError(expected, await runFloats(add, [2, 3, 4], x))).toBeLessThan(1e-6);
  });

  test('a slope for each channel', async () => {
    const prelu = model(6, [node('PRelu', ['x', 's'], 'y')], { s: [[3], [0.5, 2, -1]] });
    const slopes = [0.5, 2, -1];
    const expected = x.map((v, i) => (v < 0 ? v * (slopes[Math.floor(i / 4) % 3] ?? NaN) : v));
    expect(relativeError(expected, await runFloats(prelu, [2, 3, 4], x))).toBeLessThan(1e-6);
  });

  test('Reshape, Pad, Concat and Cast with what are inputs, other names or other defaults now', async () => {
    const nodes = [
      node('Relu', ['x'], 'r', { consumed_inputs: [0] }),
      node('Cast', ['r'], 'c', { to: 'FLOAT' }),
      node('Concat', ['c', 'c'], 'cc'),
      node('Pad', ['cc'], 'p', { paddings: [0, 0, 0, 0, 0, 1] }),
      node('Reshape', ['p'], 'y', { shape: [-1] }),
    ];
    const found = await runFloats(model(1, nodes), [2, 3, 4], x);
    const rows = (batch: number) =>
      [0, 1, 2].flatMap((c) =>
        [...x.slice(batch * 12 + c * 4, batch * 12 + c * 4 + 4)].map((v) => Math.max(0, v)).concat(0),
      );
    expect(relativeError([...rows(0), ...rows(0), ...rows(1), ...rows(1)], found)).toBeLessThan(1e-6);
  });
});

test('a function written in an older set is raised with constants of its own', async () => {
  const opsetImport = [create(OperatorSetIdProtoSchema, { domain: '', version: 12n })];
  const own = create(NodeProtoSchema, {
    opType: 'Total',
    name: 'call',
    domain: 'own',
    input: ['x'],
    output: ['y'],
  });
  const model = tinyModel({ opset: 12, inputs: x234, outputs: ['y'], nodes: [own] });
  model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'own', version: 1n }));
  const body = [node('ReduceSum', ['t'], 's', { axes: [1], keepdims: 0 }), node('Squeeze', ['s'], 'o')];
  model.functions = [
    create(FunctionProtoSchema, {
      name: 'Total',
      domain: 'own',
      input: ['t'],
      output: ['o'],
      opsetImport,
      node: body,
    }),
  ];
  const raised = normalize(model);
  expect(raised.functions).toEqual([]);
  const x = noise(24, 3);
  const expected = [0, 1].flatMap((n) =>
    [0, 1, 2, 3].map((w) => [0, 1, 2].reduce((sum, c) => sum + (x[n * 12 + c * 4 + w] ?? NaN), 0)),
  );
  expect(relativeError(expected, await runFloats(raised, [2, 3, 4], x))).toBeLessThan(1e-6);
});
