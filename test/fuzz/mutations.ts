import { clone, create } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import type { Model } from '../../engine/onnx/graph/model';
import { renameTensor } from '../../engine/onnx/graph/renameTensor';
import { graphsWithin } from '../../engine/onnx/graph/scopes';
import { oddNames } from '../engine/oddNames';
import type { Random } from './random';

type ByteChange = (bytes: Uint8Array, random: Random) => Uint8Array;
type ModelChange = (model: Model, random: Random) => void;

/** Numbers at which programs go wrong. */
const hostile = [
  0n,
  -1n,
  1n,
  2n,
  3n,
  255n,
  65536n,
  2n ** 31n,
  10n ** 12n,
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];

const operators =
  'Add BatchNormalization Cast Clip Concat Constant ConstantOfShape Conv ConvTranspose Dropout Expand Flatten Gather Gemm GRU If LSTM MatMul Mul Pad Relu Reshape Resize Scan Slice Softmax Split Squeeze TopK Transpose Unsqueeze Upsample'.split(
    ' ',
  );

/** Changes of the file's bytes. */
export const byteChanges: Record<string, ByteChange> = {
  bytes(bytes, random) {
    for (let i = 1 + random.below(8); i > 0; i--) bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  },
  bits(bytes, random) {
    for (let i = 1 + random.below(8); i > 0; i--) {
      const at = random.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    }
    return bytes;
  },
  truncation: (bytes, random) => bytes.slice(0, random.below(bytes.length)),
  lengths(bytes, random) {
    // Varints of the longest kind, where lengths and counts are likely to be: near the front.
    const at = random.below(Math.min(bytes.length, 400));
    for (let i = at; i < Math.min(at + random.below(10), bytes.length); i++) bytes[i] = 0xff;
    return bytes;
  },
  missingBytes(bytes, random) {
    const at = random.below(bytes.length);
    return new Uint8Array(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(20))]));
  },
  moreBytes(bytes, random) {
    const at = random.below(bytes.length);
    const from = random.below(bytes.length);
    const piece = bytes.subarray(from, from + 1 + random.below(60));
    return new Uint8Array(Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]));
  },
};

function anyGraph(model: Model, random: Random): GraphProto {
  return random.pick(graphsWithin(model.graph)) ?? model.graph;
}

function anyNode(model: Model, random: Random): NodeProto {
  return random.pick(anyGraph(model, random).node) ?? create(NodeProtoSchema);
}

function anyAttribute(model: Model, random: Random): AttributeProto {
  const nodes = graphsWithin(model.graph).flatMap((g) => g.node.filter((n) => n.attribute.length > 0));
  return random.pick(random.pick(nodes)?.attribute ?? []) ?? create(AttributeProtoSchema);
}

function anyTensor(model: Model, random: Random): TensorProto {
  const graphs = graphsWithin(model.graph);
  const inside = graphs.flatMap((g) => g.node.flatMap((n) => n.attribute.flatMap((a) => a.t ?? [])));
  return random.pick([...graphs.flatMap((g) => g.initializer), ...inside]) ?? create(TensorProtoSchema);
}

function anyName(model: Model, random: Random): string {
  const graph = anyGraph(model, random);
  return (
    random.pick(
      [...graph.initializer, ...graph.input].map((t) => t.name).concat(graph.node.flatMap((n) => n.output)),
    ) ?? ''
  );
}

/** Changes of what the file says. */
export const modelChanges: Record<string, ModelChange> = {
  circle(model, random) {
    const { node } = anyGraph(model, random);
    const reader = random.pick(node);
    const maker = random.pick(node);
    if (reader) reader.input[random.below(reader.input.length)] = maker?.output[0] ?? '';
  },
  rewire(model, random) {
    const node = anyNode(model, random);
    node.input[random.below(node.input.length + 1)] = anyName(model, random);
  },
  duplicateName(model, random) {
    const node = anyNode(model, random);
    node.output[random.below(node.output.length)] = anyName(model, random);
  },
  missingInput(model, random) {
    const node = anyNode(model, random);
    node.input[random.below(node.input.length)] =
      random.pick(['', 'nowhere', '\u0000', 'n'.repeat(10_000)]) ?? '';
  },
  oddName(model, random) {
    const name = anyName(model, random);
    const odd = random.pick(oddNames) ?? '';
    renameTensor(model.graph, name, odd);
    for (const info of [...model.graph.input, ...model.graph.output]) if (info.name === name) info.name = odd;
  },
  oddNodeNames(model, random) {
    for (const { node } of graphsWithin(model.graph))
      for (const each of node) if (random.below(3) === 0) each.name = random.pick(oddNames) ?? '';
  },
  fewerInputs(model, random) {
    anyNode(model, random).input.length = random.below(2);
  },
  emptyOutputs(model, random) {
    const node = anyNode(model, random);
    node.output = Array.from({ length: random.below(7) }, (_, i) => (i === 0 ? (node.output[0] ?? '') : ''));
  },
  order(model, random) {
    const { node } = anyGraph(model, random);
    for (let i = node.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [node[i], node[j]] = [node[j] ?? create(NodeProtoSchema), node[i] ?? create(NodeProtoSchema)];
    }
  },
  nodeGone(model, random) {
    const { node } = anyGraph(model, random);
    node.splice(random.below(node.length), 1);
  },
  nodeTwice(model, random) {
    const { node } = anyGraph(model, random);
    node.push(clone(NodeProtoSchema, anyNode(model, random)));
  },
  operator(model, random) {
    anyNode(model, random).opType = random.pick([...operators, '', 'Nonsense']) ?? '';
  },
  domain(model, random) {
    anyNode(model, random).domain = random.pick(['ai.onnx', 'com.microsoft', 'ai.onnx.ml', 'nobody']) ?? '';
  },
  elementType(model, random) {
    anyTensor(model, random).dataType = random.below(30);
  },
  dims(model, random) {
    const { dims } = anyTensor(model, random);
    dims[random.below(dims.length + 1)] = random.pick(hostile) ?? 0n;
  },
  dimsSwapped(model, random) {
    anyTensor(model, random).dims.reverse();
  },
  noValues(model, random) {
    Object.assign(anyTensor(model, random), { rawData: new Uint8Array(0), floatData: [], int64Data: [] });
  },
  values(model, random) {
    const { rawData } = anyTensor(model, random);
    for (let i = 0; i < 8; i++)
      rawData[random.below(rawData.length)] = random.pick([0, 0xff, 0x80, 0x7f]) ?? 0;
  },
  attributeGone(model, random) {
    const { attribute } = anyNode(model, random);
    attribute.splice(random.below(attribute.length), 1);
  },
  attributeNumber(model, random) {
    const attribute = anyAttribute(model, random);
    attribute.i = random.pick(hostile) ?? 0n;
    attribute.ints[random.below(attribute.ints.length)] = random.pick(hostile) ?? 0n;
    attribute.f = random.pick([NaN, Infinity, -1, 0]) ?? 0;
  },
  attributeType(model, random) {
    const attribute = anyAttribute(model, random);
    // Some are of no type there is.
    Object.assign(attribute, { type: random.below(15) });
  },
  attributeName(model, random) {
    anyAttribute(model, random).name =
      random.pick(['axes', 'axis', 'value', 'group', 'body', 'then_branch', '']) ?? '';
  },
  attributeList(model, random) {
    const attribute = anyAttribute(model, random);
    attribute.ints =
      random.below(2) === 0 ? [] : Array<bigint>(random.below(40)).fill(random.pick(hostile) ?? 0n);
  },
  noSubgraph(model, random) {
    for (const { node } of graphsWithin(model.graph)) {
      for (const n of node) for (const a of n.attribute) if (a.g && random.below(2) === 0) delete a.g;
    }
  },
  sameSubgraph(model, random) {
    anyAttribute(model, random).g = clone(GraphProtoSchema, model.graph);
  },
  interface(model, random) {
    const graph = anyGraph(model, random);
    const list = random.pick([graph.input, graph.output, graph.initializer] as unknown[][]) ?? [];
    if (random.below(2) === 0) list.splice(random.below(list.length), 1);
    else list.push(...list.slice(random.below(list.length)));
  },
  inputType(model, random) {
    const type = random.pick(anyGraph(model, random).input)?.type?.value;
    if (type?.case !== 'tensorType') return;
    type.value.elemType = random.below(30);
    const value = { case: 'dimValue' as const, value: random.pick(hostile) ?? 0n };
    type.value.shape?.dim.push(create(TensorShapeProto_DimensionSchema, { value }));
  },
  emptyList(model, random) {
    const graph = anyGraph(model, random);
    const list = random.pick([
      graph.input,
      graph.output,
      graph.initializer,
      graph.node,
      model.opsetImport,
    ] as unknown[][]);
    if (list) list.length = 0;
  },
  longList(model, random) {
    const graph = anyGraph(model, random);
    const list = random.pick<unknown[]>([
      graph.input,
      graph.valueInfo,
      model.metadataProps,
      anyNode(model, random).input,
    ]);
    const [first] = list ?? [];
    if (first !== undefined) for (let i = 0; i < 150_000; i++) list?.push(first);
  },
  operatorSet(model, random) {
    for (const entry of model.opsetImport)
      entry.version = random.pick([...hostile, 7n, 9n, 11n, 13n, 21n, 99n]) ?? 0n;
  },
};
