import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  ValueInfoProtoSchema,
  type GraphProto,
  type NodeProto,
} from 'onnx-buf';
import { subgraphs } from '../onnx/graph/attributes';
import { joinedBytes } from '../onnx/file/encodeWeights';
import { decodeModel } from '../onnx/file/readModel';
import { graphsWithin } from '../onnx/graph/scopes';

/**
 * Names that do not pass through onnxruntime: its profile does not escape `"`, `\` and control characters, its C interface ends
 * a name at NUL, and its binding for Node finds members of every object (`constructor`, `__proto__`) under their names.
 */
function isLost(name: string): boolean {
  return name in Object.prototype || /["\\\p{Cc}\p{Surrogate}]/u.test(name);
}

const PLAIN = /@(\d+)@/g;

/** A model whose tensors and nodes have names that pass through onnxruntime, and its own names. */
export interface PlainModel {
  bytes: Uint8Array<ArrayBuffer>;
  plainOf: ReadonlyMap<string, string>;
  /** What they were called, by the number in the plain name. */
  names: string[];
}

/** Puts a model's own names in the place of plain ones, wherever in a text these stand: onnxruntime makes new names from old ones. */
export function withOwnNames(text: string, names: readonly string[] | null): string {
  return names === null ? text : text.replaceAll(PLAIN, (plain, i: string) => names[Number(i)] ?? plain);
}

/** Whether nodes of a graph share a name: ONNX lets them, and onnxruntime does not. */
function sharesNames({ node }: GraphProto): boolean {
  const named = node.filter((n) => n.name !== '');
  return new Set(named.map((n) => n.name)).size < named.length;
}

/**
 * Whether onnxruntime loses names of a model.
 * @param all whether names inside of the graph go through it as well, as in a profile; else only those of inputs and outputs do
 */
export function losesNames(bytes: Uint8Array, all: boolean): boolean {
  if (interfaceNames(bytes).some(isLost)) return true;
  if (!all) return false;
  const graphs = graphsWithin(decodeModel(bytes, 'the model').graph);
  return graphs.some(
    (graph) => sharesNames(graph) || graph.node.some((node) => isLost(node.name) || node.output.some(isLost)),
  );
}

/** The model with a plain name for each tensor, and one of its own for each node. */
export function plainModel(bytes: Uint8Array): PlainModel {
  const model = decodeModel(bytes, 'the model');
  const graphs = graphsWithin(model.graph);
  const names: string[] = [];
  const made = (name: string) => (name === '' ? '' : `@${names.push(name) - 1}@`);
  const plainOf = new Map<string, string>();
  // One tensor name stays one, so that what bodies and functions mean by theirs stays as it is.
  const plain = (name: string): string => {
    const known = plainOf.get(name) ?? made(name);
    plainOf.set(name, known);
    return known;
  };
  const rename = (node: NodeProto) => {
    node.name = made(node.name);
    node.input = node.input.map(plain);
    node.output = node.output.map(plain);
  };
  graphs.flatMap((g) => g.node).forEach(rename);
  for (const called of model.functions) {
    const within = called.node.flatMap(subgraphs).flatMap(graphsWithin);
    graphs.push(...within);
    [...called.node, ...within.flatMap((g) => g.node)].forEach(rename);
    called.input = called.input.map(plain);
    called.output = called.output.map(plain);
    for (const info of called.valueInfo) info.name = plain(info.name);
  }
  for (const graph of graphs) {
    const { input, output, valueInfo, initializer, sparseInitializer } = graph;
    for (const each of [...input, ...output, ...valueInfo]) each.name = plain(each.name);
    for (const tensor of initializer) tensor.name = plain(tensor.name);
    for (const { values } of sparseInitializer) if (values !== undefined) values.name = plain(values.name);
    for (const each of graph.quantizationAnnotation) each.tensorName = plain(each.tensorName);
  }
  return { bytes: joinedBytes(model), plainOf, names };
}

/** Names of the main graph's inputs and outputs, read without decoding the rest; none of what is no model. */
function interfaceNames(bytes: Uint8Array): string[] {
  const { graph } = ModelProtoSchema.field;
  const { input, output } = GraphProtoSchema.field;
  const { name } = ValueInfoProtoSchema.field;
  try {
    return fieldsOf(bytes, [graph.number])
      .flatMap((g) => fieldsOf(g, [input.number, output.number]))
      .flatMap((info) => fieldsOf(info, [name.number]))
      .map((text) => new TextDecoder().decode(text));
  } catch {
    // onnxruntime says what is wrong with it.
    return [];
  }
}

/** The contents of a message's fields of these numbers. */
function fieldsOf(message: Uint8Array, numbers: readonly number[]): Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited && numbers.includes(number)) found.push(reader.bytes());
    else reader.skip(type, number);
  }
  return found;
}
