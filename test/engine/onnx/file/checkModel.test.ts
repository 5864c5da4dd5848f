import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { readFileSync } from 'node:fs';
import { FunctionProtoSchema, ModelProtoSchema, TensorProto_DataType, TensorProtoSchema } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../../engine/shared/engineError';
import { checkModel } from '../../../../engine/onnx/file/checkModel';
import { type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { runFloats } from '../../runTiny';
import { node, noisy, tinyModel } from '../../tinyModel';
import { onnxTestModels, realModels } from '../../zooFiles';

function outcome(model: Model): string {
  try {
    checkModel(model);
    return 'valid';
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    expect(thrown.code).toBe('bad-model');
    expect(thrown.message.length).toBeLessThanOrEqual(500);
    expect(thrown.hint).not.toBe('');
    return thrown.message;
  }
}

function relus(count: number): Model {
  const nodes = Array.from({ length: count }, (_, i) => node('Relu', [`t${i}`], `t${i + 1}`));
  return tinyModel({ inputs: { t0: [1] }, outputs: [`t${count}`], nodes });
}

/** A MatMul whose weight is changed. */
function withWeight(change: (weight: Model['graph']['initializer'][number]) => void): Model {
  const model = tinyModel({
    inputs: { x: [1, 2] },
    outputs: ['y'],
    constants: { w: noisy([2, 2]) },
    nodes: [node('MatMul', ['x', 'w'], 'y')],
  });
  for (const weight of model.graph.initializer) change(weight);
  return model;
}

test('every model of onnx’s test data and every real model passes, unchanged', () => {
  for (const file of [...onnxTestModels(), ...realModels()]) {
    const model = decodeModel(readFileSync(file), file);
    const before = encodeModel(model);
    expect(outcome(model), file).toBe('valid');
    expect(Buffer.from(encodeModel(model)).equals(before), file).toBe(true);
  }
});

describe('nodes', () => {
  test('in a wrong order are sorted, and the model runs', async () => {
    const model = relus(5);
    model.graph.node.reverse();
    expect(outcome(model)).toBe('valid');
    expect(model.graph.node.map((n) => n.output[0])).toEqual(['t1', 't2', 't3', 't4', 't5']);
    expect(await runFloats(normalize(model), [1], [3])).toEqual([3]);
  });

  test('that are sorted already keep their places', () => {
    const nodes = ['c', 'a', 'b'].map((name) => node('Relu', ['x'], name));
    const late = [node('Neg', ['late'], 'd'), node('Abs', ['b'], 'late')];
    const model = tinyModel({ inputs: { x: [1] }, outputs: ['d'], nodes: [...nodes, ...late] });
    expect(outcome(model)).toBe('valid');
    expect(model.graph.node.map((n) => n.output[0])).toEqual(['c', 'a', 'b', 'late', 'd']);
  });

  test('that a body reads from are sorted before it', () => {
    const body = tinyModel({ inputs: {}, outputs: ['o'], nodes: [node('Relu', ['late'], 'o')] }).graph;
    const nodes = [
      node('If', ['c'], 'y', { then_branch: { graph: body }, else_branch: { graph: body } }),
      node('Neg', ['x'], 'late'),
    ];
    const model = tinyModel({ inputs: { x: [1], c: [] }, outputs: ['y'], nodes });
    expect(outcome(model)).toBe('valid');
    expect(model.graph.node.map((n) => n.opType)).toEqual(['Neg', 'If']);
  });

  test('in a circle are refused by name, however long the way to it', () => {
    const model = relus(100_000);
    const [first] = model.graph.node;
    if (first) first.input = ['t3'];
    expect(outcome(model)).toMatch(/3 nodes .* circle: t1_node \(Relu\), t3_node \(Relu\), t2_node/);
    model.graph.node.reverse();
    if (first) first.input = ['t100000'];
    expect(outcome(model)).toContain('100000 nodes');
  });

  test.each([
    ['that reads what nothing makes', { input: ['nowhere'] }, /t1_node \(Relu\) reads the tensor nowhere/],
    ['without an operator', { opType: '' }, /t1_node .*names no operator/],
    ['that makes what another makes', { output: ['t2'] }, /t2_node .*makes the tensor t2 .*second time/],
    ['whose tensor’s name is no UTF-8', { output: ['\udcff'] }, /not UTF-8/],
    ['with a name of a million letters', { name: 'n'.repeat(1e6), opType: '' }, /names no operator/],
    ['with a name that steers a terminal', { name: 'a\u001b[2J\n', opType: '' }, /^Node a�\[2J� /],
  ])('one %s is refused', (_, fields, says) => {
    const model = relus(2);
    Object.assign(model.graph.node[0] ?? {}, fields);
    expect(outcome(model)).toMatch(says);
  });

  test('without an output of their graph are refused', () => {
    const model = relus(2);
    model.graph.output = [];
    expect(outcome(model)).toBe('The graph has no outputs: nothing that it computes is handed out.');
  });

  test('that lack make an output that is refused', () => {
    const model = relus(2);
    model.graph.node.pop();
    expect(outcome(model)).toBe('Nothing makes the output t2 of the graph.');
  });
});

describe('tensors', () => {
  test.each([
    ['a negative dimension', { dims: [-2n, 2n] }, /w has the negative shape \[-2, 2\]/],
    ['10¹² elements in few bytes', { dims: [10n ** 12n] }, /holds 16 bytes instead of 4000000000000/],
    ['more elements than numbers', { dims: [2n ** 62n, 2n ** 62n] }, /impossible shape/],
    ['too few values', { dims: [2n, 3n] }, /float and shape \[2, 3\] holds 16 bytes instead of 24/],
    ['no type', { dataType: 0 }, /no element type/],
    ['another type', { dataType: TensorProto_DataType.DOUBLE }, /holds 16 bytes instead of 32/],
    ['no values', { rawData: new Uint8Array(0) }, /holds 0 values instead of 4/],
    ['10⁵ dimensions', { dims: Array<bigint>(100_000).fill(7n) }, /impossible shape \[7, .*…\]/],
  ])('of %s are refused', (_, fields, says) => {
    expect(outcome(withWeight((w) => Object.assign(w, fields)))).toMatch(says);
  });

  test('in attributes are refused like weights', () => {
    const tensor = create(TensorProtoSchema, { dims: [9n], dataType: 1, floatData: [1] });
    const nodes = [node('Constant', [], 'y', { value: { tensor } })];
    expect(outcome(tinyModel({ inputs: {}, outputs: ['y'], nodes }))).toMatch(
      /Attribute value of node y_node \(Constant\) .*holds 1 values instead of 9/,
    );
  });
});

test('bodies nested 100,000 deep are refused, not followed', () => {
  // From the inside out: graph, in attribute 6, in node 5, in graph 1.
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let depth = 0; depth < 300_000; depth++) {
    const field = depth % 3 === 0 ? 6 : depth % 3 === 1 ? 5 : 1;
    const head = new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();
    parts.push(head);
    length += head.length;
  }
  const graph = Buffer.concat(parts.reverse());
  const bytes = new BinaryWriter()
    .raw(toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n })))
    .tag(7, WireType.LengthDelimited)
    .bytes(graph)
    .finish();
  expect(() => decodeModel(bytes, 'deep.onnx')).toThrow(EngineError);
  expect(() => decodeModel(bytes, 'deep.onnx')).toThrow(/deep\.onnx .*recursion depth/);
});

describe('functions', () => {
  function calling(...bodies: string[][]): Model {
    const model = relus(1);
    model.functions = bodies.map((calls, i) =>
      create(FunctionProtoSchema, {
        domain: 'f',
        name: `F${i}`,
        input: ['a'],
        output: ['o0'],
        node: calls.map((opType, k) => Object.assign(node(opType, ['a'], `o${k}`), { domain: 'f' })),
      }),
    );
    for (const n of model.graph.node) Object.assign(n, { opType: 'F0', domain: 'f' });
    return model;
  }

  test('that call themselves, or each other in a circle, are refused by name', () => {
    expect(outcome(calling(['F0']))).toBe('Function F0 calls itself.');
    expect(outcome(calling(['F1'], ['F2'], ['F1']))).toBe('Function F1 calls itself.');
    expect(outcome(calling(['F1', 'F2'], ['F2'], ['G']))).toBe('valid');
  });

  test('that double forty times are refused at once', () => {
    const doubling = Array.from({ length: 40 }, (_, i) => [`F${i + 1}`, `F${i + 1}`]);
    expect(outcome(calling(...doubling))).toMatch(/more than 200000 nodes/);
  });

  test('are checked like graphs', () => {
    const model = calling(['Relu']);
    for (const f of model.functions) f.input = [];
    expect(outcome(model)).toMatch(/o0_node \(Relu\) reads the tensor a/);
  });
});

test('5,000 nodes are checked in 50 ms', () => {
  const model = relus(5000);
  const times = Array.from({ length: 7 }, () => {
    const start = performance.now();
    checkModel(model);
    return performance.now() - start;
  });
  expect(Math.min(...times)).toBeLessThan(50);
});
