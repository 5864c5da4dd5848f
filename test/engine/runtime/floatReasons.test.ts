import { TensorProto_DataType } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { floatGroups } from '../../../engine/report/verify';
import { makeTensor } from '../../../engine/onnx/tensors/elements';
import type { RunNode } from '../../../engine/shared/protocol/report';
import type { KnownReasons } from '../../../engine/runtime/floatReasons';
import { originalNames, withoutSuffix } from '../../../engine/runtime/originalNames';
import { runNodes } from './runNodes';
import { int64, node, noisy, tinyModel, type TinyModel } from '../tinyModel';

type Nodes = TinyModel['nodes'];
type Constants = NonNullable<TinyModel['constants']>;

const grids: Constants = {
  s: [[], [0.02]],
  s2: [[], [0.05]],
  u8: makeTensor('u8', [], Uint8Array.of(128)),
  i8: makeTensor('i8', [], Int8Array.of(3)),
  w8: makeTensor(
    'w8',
    [4, 3, 3, 3],
    Int8Array.from({ length: 108 }, (_, i) => (i % 251) - 125),
  ),
  m8: makeTensor(
    'm8',
    [6, 6],
    Int8Array.from({ length: 36 }, (_, i) => 5 * i - 90),
  ),
  z8: makeTensor('z8', [], Int8Array.of(0)),
  w: noisy([4, 3, 3, 3]),
  half: [[], [0.5]],
  low: [[], [-0.3]],
  high: [[], [0.3]],
  twice: [[4], [1, 1, 2, 2]],
};

/** `to` is `from` rounded to a grid. */
function pair(from: string, to: string, zero = 'u8', scale = 's'): Nodes {
  return [
    node('QuantizeLinear', [from, scale, zero], `${to}_q`),
    node('DequantizeLinear', [`${to}_q`, scale, zero], to),
  ];
}

const weight = node('DequantizeLinear', ['w8', 's', 'z8'], 'wd');
const matrix = node('DequantizeLinear', ['m8', 's', 'z8'], 'md');

async function nodesOf(
  nodes: Nodes,
  known: Partial<KnownReasons> = {},
  inputs: TinyModel['inputs'] = { x: [1, 3, 6, 6] },
): Promise<RunNode[]> {
  const read = new Set(nodes.flatMap((n) => n.input));
  const constants = Object.fromEntries(Object.entries(grids).filter(([name]) => read.has(name)));
  const model = tinyModel({ inputs, outputs: ['y'], nodes, constants });
  return runNodes(model, known);
}

async function reasons(...parameters: Parameters<typeof nodesOf>): Promise<string[]> {
  const found = await nodesOf(...parameters);
  return found.flatMap(({ opType, reason }) => (reason === null ? [] : [`${opType}: ${reason}`]));
}

describe('why a node is in float', () => {
  const onx86 = test.skipIf(process.arch === 'arm64');
  const conv = (behind: string, reader: Nodes): Nodes => [
    ...pair('x', 'a'),
    weight,
    node('Conv', ['a', 'wd'], behind),
    ...reader,
  ];

  test('a model that is all integer names none', async () => {
    expect(await reasons(conv('c', pair('c', 'y')))).toEqual([]);
  });

  test('a layer kept by choice, and one that was said to be impossible, before all else', async () => {
    const plain = [node('Conv', ['x', 'w'], 'y')];
    const keepFloat = { keepFloat: ['y_node'], unquantizable: [{ name: 'y_node', reason: 'Never.' }] };
    expect(await reasons(plain, keepFloat)).toEqual(['Conv: Kept in float by choice.']);
    expect(await reasons(plain, { ...keepFloat, keepFloat: [] })).toEqual(['Conv: Never.']);
    expect(await reasons(plain)).toEqual(['Conv: Reads an input of the model, which has no grid.']);
  });

  test('an operator without an integer form, between grids too', async () => {
    expect(await reasons([...pair('x', 'a'), node('Tanh', ['a'], 't'), ...pair('t', 'y')])).toEqual([
      'Tanh: onnxruntime has no integer Tanh.',
    ]);
  });

  test('a source that is float, behind moves too', async () => {
    expect(
      await reasons([
        node('Tanh', ['x'], 't'),
        node('Transpose', ['t'], 'p', { perm: [0, 1, 3, 2] }),
        node('Sigmoid', ['p'], 'g'),
        ...pair('g', 'y'),
      ]),
    ).toContain('Sigmoid: Reads floats from Tanh.');
  });

  test('weights, constants and biases in float', async () => {
    // Between grids, onnxruntime would quantize the weight itself.
    expect(await reasons([...pair('x', 'a'), node('Conv', ['a', 'w'], 'y')])).toEqual([
      'Conv: Its weight is in float.',
    ]);
    expect(await reasons([...pair('x', 'a'), node('Add', ['a', 'half'], 'c'), ...pair('c', 'y')])).toEqual([
      'Add: Its constant is in float.',
    ]);
    const gemm = [...pair('x', 'a'), matrix, node('Gemm', ['a', 'md', 'half'], 'y')];
    expect(await reasons(gemm, {}, { x: [2, 6] })).toEqual([
      'Gemm: Its bias is in float; the integer form takes int32.',
    ]);
  });

  test('a result that something reads in float', async () => {
    const read = (opType: string) => reasons(conv('c', [node(opType, ['c'], 'y')]));
    expect(await read('Exp')).toContain('Conv: Its result is read in float by Exp.');
    // onnxruntime makes one node of the two.
    expect(await read('Tanh')).toEqual(['FusedConv: Its result is read in float by Tanh.']);
    const both = conv('c', [...pair('c', 'b'), node('Exp', ['c'], 't'), node('Add', ['b', 't'], 'y')]);
    expect(await reasons(both)).toContain('Conv: Its result is also read in float by Exp.');
    expect(await reasons(conv('y', []))).toEqual(['Conv: Its result leaves the model in float.']);
  });

  test('a product answers floats, so that nothing has to quantize its result', async () => {
    const product = [...pair('x', 'a'), matrix, node('MatMul', ['a', 'md'], 'y')];
    expect(await reasons(product, {}, { x: [2, 6] })).toEqual([]);
  });

  test('a clip inside the grid, and the convolution before it', async () => {
    const clipped = conv('c', [node('Clip', ['c', 'low', 'high'], 'r'), ...pair('r', 'y')]);
    expect(await reasons(clipped)).toEqual([
      expect.stringMatching(/^(Fused)?Conv: The Clip behind it stays: /),
      ...((await nodesOf(clipped)).some((n) => n.opType === 'Clip')
        ? ['Clip: It would vanish only before a grid that ends where it clips.']
        : []),
    ]);
  });

  onx86('int8 activations where the processor wants uint8', async () => {
    const nodes = [
      ...pair('x', 'a', 'i8'),
      // Two readers: onnxruntime turns a pair with one into uint8 by itself.
      node('DequantizeLinear', ['a_q', 's', 'i8'], 'a2'),
      weight,
      node('Conv', ['a', 'wd'], 'c'),
      ...pair('c', 'd', 'i8'),
      node('ReduceMax', ['a2'], 'top', { keepdims: 0 }),
      node('Add', ['d', 'top'], 'y'),
    ];
    expect(await reasons(nodes)).toContain(
      'Conv: Its activations are int8; onnxruntime wants uint8 on this processor.',
    );
  });

  test('values that only move, onto another grid', async () => {
    const resized = (scale: string) => [
      ...pair('x', 'a'),
      node('Resize', ['a', '', 'twice'], 'r', { mode: 'nearest' }),
      ...pair('r', 'y', 'u8', scale),
    ];
    expect(await reasons(resized('s2'))).toEqual(['Resize: The grids before and behind it differ.']);
    const same = await nodesOf(resized('s'));
    expect(same.filter((n) => n.opType === 'Resize').map((n) => n.kind)).toEqual(['integer']);
  });

  test('nodes in bodies have reasons too', async () => {
    const body = tinyModel({ inputs: {}, outputs: ['t'], nodes: [node('Tanh', ['x'], 't')] }).graph;
    const other = tinyModel({ inputs: {}, outputs: ['e'], nodes: [node('Exp', ['x'], 'e')] }).graph;
    const model = tinyModel({
      inputs: { x: [2], go: [] },
      inputTypes: { go: TensorProto_DataType.BOOL },
      outputs: ['y'],
      nodes: [node('If', ['go'], 'y', { then_branch: { graph: body }, else_branch: { graph: other } })],
    });
    const nodes = await runNodes(model);
    expect(nodes.map((n) => n.reason).sort()).toEqual([
      'onnxruntime has no integer Exp.',
      'onnxruntime has no integer Tanh.',
    ]);
  });
});

test('arithmetic on shapes and indices is no float node', async () => {
  const model = tinyModel({
    inputs: { x: ['n', 6] },
    outputs: ['y'],
    constants: { two: int64('two', [2]) },
    nodes: [
      node('Shape', ['x'], 'size'),
      node('Mul', ['size', 'two'], 'doubled'),
      node('Div', ['doubled', 'two'], 'halved'),
      node('Tanh', ['x'], 't'),
      node('Reshape', ['t', 'halved'], 'y'),
    ],
  });
  const nodes = await runNodes(model);
  const kinds = Object.fromEntries(nodes.map((n) => [n.opType, n.kind]));
  expect(kinds).toMatchObject({ Mul: 'conversion', Tanh: 'float' });
});

test('names lose what the optimizer appended, and no more', () => {
  expect(withoutSuffix('p2o.Conv.3_token_12')).toBe('p2o.Conv.3');
  expect(withoutSuffix('fc/MatMulAddFusion')).toBe('fc');
  expect(withoutSuffix('tokens_7')).toBe('tokens_7');
  expect(withoutSuffix('a_token_b')).toBe('a_token_b');
});

test('a node in blocked layout is found again by the tensor that it is called after', async () => {
  const model = tinyModel({
    inputs: { x: [1, 3, 6, 6] },
    outputs: ['y'],
    constants: { w: noisy([8, 3, 3, 3]), v: noisy([8, 8, 1, 1]) },
    nodes: [
      node('Conv', ['x', 'w'], 'c'),
      node('Relu', ['c'], 'r'),
      node('Conv', ['r', 'v'], 'd'),
      node('Add', ['d', 'r'], 'e'),
      node('Relu', ['e'], 'y'),
    ],
  });
  const known = { keepFloat: ['c_node', 'd_node'] };
  const found = (await runNodes(model, known)).filter((n) => n.opType.endsWith('Conv'));
  expect(found.map((n) => n.reason)).toEqual(['Kept in float by choice.', 'Kept in float by choice.']);
  const nameOf = originalNames(model.graph);
  expect(nameOf({ name: 'r_nchwc', opType: 'Conv' })).toBe('c_node');
  expect(nameOf({ name: 'gone_nchwc', opType: 'Conv' })).toBe('gone');
});

test('groups gather float nodes by operator and reason, the most first', () => {
  const float = (name: string, opType: string, reason: string): RunNode => ({
    name,
    opType,
    kind: 'float',
    reason,
  });
  const nodes = [
    float('a', 'Div', 'one'),
    { name: 'i', opType: 'QLinearAdd', kind: 'integer', reason: null } as const,
    float('b', 'Add', 'one'),
    float('c', 'Mul', 'two'),
    float('d', 'Mul', 'two'),
    float('e', 'Mul', 'one'),
  ];
  expect(floatGroups(nodes)).toEqual([
    { opType: 'Mul', reason: 'two', nodes: ['c', 'd'] },
    { opType: 'Add', reason: 'one', nodes: ['b'] },
    { opType: 'Div', reason: 'one', nodes: ['a'] },
    { opType: 'Mul', reason: 'one', nodes: ['e'] },
  ]);
});
