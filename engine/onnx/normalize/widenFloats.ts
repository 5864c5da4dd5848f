import {
  AttributeProto_AttributeType,
  TensorProto_DataType as T,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type TypeProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { makeNode, subgraphs } from '../graph/attributes';
import { elementTypeName, makeTensor } from '../tensors/elements';
import { freshNames } from '../graph/graphIndex';
import type { Model } from '../graph/model';
import { readFloats } from '../tensors/readFloats';
import { renameTensor } from '../graph/renameTensor';

/** Attributes that hold an element type, in every operator that has them. */
const typeAttributes = new Set([
  'to',
  'dtype',
  'output_dtype',
  'output_datatype',
  'precision',
  'softmax_precision',
  'stash_type',
]);

const products = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'LSTM', 'GRU', 'RNN']);

/** Calls `visit` for each list of nodes: the graph's, its bodies' and the functions'. */
function forEachNode({ graph, functions }: Model, visit: (node: NodeProto) => void): void {
  const walk = (nodes: readonly NodeProto[]) => {
    for (const node of nodes) {
      visit(node);
      for (const body of subgraphs(node)) walk(body.node);
    }
  };
  walk(graph.node);
  for (const made of functions) walk(made.node);
}

function forEachGraph(model: Model, visit: (graph: GraphProto) => void): void {
  visit(model.graph);
  forEachNode(model, (node) => subgraphs(node).forEach(visit));
}

function elementTypeOf(info: ValueInfoProto): number {
  return info.type?.value.case === 'tensorType' ? info.type.value.value.elemType : T.UNDEFINED;
}

/** Element types of constants, inputs and casts, and of the constants that a product reads. */
function typesUsed(model: Model): { all: Set<number>; weights: Set<number> } {
  const constants = new Map<string, number>();
  const all = new Set<number>();
  forEachGraph(model, (graph) => {
    for (const tensor of graph.initializer) constants.set(tensor.name, tensor.dataType);
    for (const sparse of graph.sparseInitializer) all.add(sparse.values?.dataType ?? T.UNDEFINED);
    for (const info of [...graph.input, ...graph.output]) all.add(elementTypeOf(info));
  });
  forEachNode(model, (node) => {
    for (const a of node.attribute) {
      if (a.t !== undefined) all.add(a.t.dataType);
      if (node.opType === 'Constant' && a.t !== undefined) constants.set(node.output[0] ?? '', a.t.dataType);
      if (typeAttributes.has(a.name) && a.type === AttributeProto_AttributeType.INT) all.add(Number(a.i));
    }
  });
  for (const type of constants.values()) all.add(type);
  const weights = new Set<number>();
  forEachNode(model, (node) => {
    if (!products.has(node.opType)) return;
    for (const name of node.input) weights.add(constants.get(name) ?? T.UNDEFINED);
  });
  return { all, weights };
}

/**
 * The element types that {@link widenFloats} turns into float32. float16 and bfloat16 always: float32 holds each
 * of their values. double only where the model's products compute in it: a double weight, or, where no product has
 * a float weight, a double input. Elsewhere a double is there for its precision, such as a position counted from
 * an int64, and stays.
 */
export function typesToWiden(model: Model): Set<number> {
  const { all, weights } = typesUsed(model);
  const found = new Set<number>([T.FLOAT16, T.BFLOAT16].filter((type) => all.has(type)));
  const floatWeights = [T.FLOAT, T.FLOAT16, T.BFLOAT16].some((type) => weights.has(type));
  const doubleInput = model.graph.input.some((i) => elementTypeOf(i) === (T.DOUBLE as number));
  if (weights.has(T.DOUBLE) || (doubleInput && !floatWeights)) found.add(T.DOUBLE);
  return found;
}

class Widener {
  constructor(private readonly types: ReadonlySet<number>) {}

  tensor(tensor: TensorProto): TensorProto {
    const values = this.types.has(tensor.dataType) ? readFloats(tensor) : undefined;
    return values === undefined ? tensor : makeTensor(tensor.name, tensor.dims.map(Number), values);
  }

  type(type: TypeProto | undefined): void {
    const kind = type?.value;
    if (kind?.case === 'tensorType' || kind?.case === 'sparseTensorType') {
      if (this.types.has(kind.value.elemType)) kind.value.elemType = T.FLOAT;
    } else if (kind?.case === 'sequenceType' || kind?.case === 'optionalType') this.type(kind.value.elemType);
    else if (kind?.case === 'mapType') this.type(kind.value.valueType);
  }

  attribute(attribute: AttributeProto): void {
    if (attribute.t !== undefined) attribute.t = this.tensor(attribute.t);
    attribute.tensors = attribute.tensors.map((t) => this.tensor(t));
    for (const sparse of [attribute.sparseTensor, ...attribute.sparseTensors]) {
      if (sparse?.values !== undefined) sparse.values = this.tensor(sparse.values);
    }
    this.type(attribute.tp);
    attribute.typeProtos.forEach((t) => this.type(t));
    const isType = typeAttributes.has(attribute.name) && attribute.type === AttributeProto_AttributeType.INT;
    if (isType && this.types.has(Number(attribute.i))) attribute.i = BigInt(T.FLOAT);
    for (const body of [...(attribute.g === undefined ? [] : [attribute.g]), ...attribute.graphs]) {
      this.graph(body);
    }
  }

  nodes(nodes: readonly NodeProto[]): void {
    for (const node of nodes) node.attribute.forEach((a) => this.attribute(a));
  }

  graph(graph: GraphProto): void {
    graph.initializer = graph.initializer.map((t) => this.tensor(t));
    for (const sparse of graph.sparseInitializer) {
      if (sparse.values !== undefined) sparse.values = this.tensor(sparse.values);
    }
    for (const info of [...graph.input, ...graph.output, ...graph.valueInfo]) this.type(info.type);
    this.nodes(graph.node);
  }
}

/** Whether onnxruntime's Node binding can feed and fetch tensors of the type. */
function canCross(type: number): boolean {
  return type === (T.FLOAT16 as number) || type === (T.DOUBLE as number);
}

/** The first input or output that is bfloat16, so that it cannot be fed or fetched; undefined when there is none. */
export function cannotCross({ graph }: Model): string | undefined {
  return [...graph.input, ...graph.output].find((i) => elementTypeOf(i) === (T.BFLOAT16 as number))?.name;
}

/** What {@link widenFloats} will change, for people; empty when it changes nothing. */
export function wideningNotes(model: Model): string[] {
  const types = typesToWiden(model);
  if (types.size === 0) return [];
  const { graph } = model;
  const names = [...types].map(elementTypeName).join(' and ');
  const notes = [
    `Computes in ${names}; it is analyzed in float32, and what int8 leaves over runs in float32.`,
  ];
  if (cannotCross(model) !== undefined) {
    const crossing = [...graph.input, ...graph.output].filter(
      (i) => elementTypeOf(i) === (T.BFLOAT16 as number),
    );
    notes.push(`${crossing.map((i) => i.name).join(', ')}: float32 in place of bfloat16 once quantized.`);
  }
  return notes;
}

/**
 * Turns what a model computes in float16, bfloat16 or double into float32, in place: constants, types in attributes
 * and declarations, bodies and functions. The whole model changes alike, so types that had to agree still do.
 * Inputs and outputs keep their type behind a Cast, so that the same feeds fit, except bfloat16, which
 * onnxruntime's Node binding cannot feed: those become float32. Which types: {@link typesToWiden}.
 * @throws EngineError `bad-model` when a constant lacks values
 */
export function widenFloats(model: Model): void {
  const types = typesToWiden(model);
  if (types.size === 0) return;
  const { graph } = model;
  const kept = (list: readonly ValueInfoProto[]) =>
    list.flatMap((info) => {
      const type = elementTypeOf(info);
      return types.has(type) && canCross(type) ? [{ info, type }] : [];
    });
  const inputs = kept(graph.input);
  const inputNames = new Set(graph.input.map((i) => i.name));
  const outputs = kept(graph.output).filter(({ info }) => !inputNames.has(info.name));

  const widener = new Widener(types);
  widener.graph(graph);
  for (const made of model.functions) {
    widener.nodes(made.node);
    made.attributeProto.forEach((a) => widener.attribute(a));
    made.valueInfo.forEach((info) => widener.type(info.type));
  }

  const fresh = freshNames(graph);
  const first: NodeProto[] = [];
  const declare = (info: ValueInfoProto, elemType: number) => {
    if (info.type?.value.case === 'tensorType') info.type.value.value.elemType = elemType;
  };
  for (const { info, type } of inputs) {
    const { name } = info;
    const inside = fresh(`${name}_widened`);
    renameTensor(graph, name, inside);
    // It may be handed out as it came in.
    for (const same of [info, ...graph.output]) if (same.name === name) declare(same, type);
    first.push(makeNode('Cast', fresh(`${name}_Cast`), [name], [inside], { to: T.FLOAT }));
  }
  const last = outputs.map(({ info, type }) => {
    const { name } = info;
    const inside = fresh(`${name}_widened`);
    renameTensor(graph, name, inside);
    declare(info, type);
    return makeNode('Cast', fresh(`${name}_Cast`), [inside], [name], { to: type });
  });
  graph.node = [...first, ...graph.node, ...last];
}
