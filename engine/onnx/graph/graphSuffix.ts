import { create, equals } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  TensorShapeProto_DimensionSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { dataTypeOf } from '../tensors/elementTypes';
import { indexGraph } from './graphIndex';
import { opsetOf, type Model } from './model';
import type { ElementType } from '../tensors/tensor';

/** What of a model computes something else than another one does. */
export interface Suffix {
  /** Nodes, in order, that are needed for the outputs and compute something else. */
  nodes: NodeProto[];
  /** Tensors that these read and both models compute alike, inputs of the model included: the cut. */
  cut: string[];
  /** Outputs of the model that do not differ, and are not made. */
  alike: string[];
}

/**
 * Compares a model with the one that it was made from. What both compute alike needs to be computed once: the rest can start
 * from there. A node computes alike if it is the same and all that it reads is; one with bodies counts as a whole.
 * @param variant of the same inputs and outputs, its nodes in order
 */
export function suffixOf(variant: Model, base: Model): Suffix {
  const { graph } = variant;
  const before = indexGraph(base.graph);
  const reads = readsOf(variant);
  const isComparable = opsetOf(variant) === opsetOf(base);
  const alike = new Set(['', ...graph.input.map((i) => i.name)]);
  for (const tensor of graph.initializer)
    if (isSameTensor(tensor, before.initializers.get(tensor.name))) alike.add(tensor.name);
  const changed: NodeProto[] = [];
  for (const node of graph.node) {
    const first = node.output.find((o) => o !== '') ?? '';
    const old = isComparable ? before.producer.get(first) : undefined;
    const isAlike =
      old !== undefined && (reads.get(node) ?? []).every((name) => alike.has(name)) && isSameNode(node, old);
    if (isAlike) for (const name of node.output) alike.add(name);
    else changed.push(node);
  }
  const outputs = graph.output.map((o) => o.name);
  const needed = new Set(outputs.filter((name) => !alike.has(name)));
  const nodes = changed
    .reverse()
    .filter((node) => {
      if (!node.output.some((o) => needed.has(o))) return false;
      for (const name of reads.get(node) ?? []) needed.add(name);
      return true;
    })
    .reverse();
  const made = new Set(nodes.flatMap((n) => n.output));
  const constants = new Set(graph.initializer.map((t) => t.name));
  const cut = [...needed].filter((name) => !made.has(name) && !constants.has(name) && name !== '');
  return { nodes, cut, alike: outputs.filter((name) => alike.has(name)) };
}

/** All that each node reads, in its bodies too. */
function readsOf({ graph }: Model): Map<NodeProto, string[]> {
  const reads = new Map<NodeProto, string[]>(graph.node.map((node) => [node, []]));
  const bound = new Set([
    ...graph.input.map((i) => i.name),
    ...graph.initializer.map((t) => t.name),
    ...graph.node.flatMap((n) => n.output),
  ]);
  for (const [name, nodes] of indexGraph(graph).consumers)
    // What a body makes itself is no business of others.
    if (bound.has(name)) for (const node of nodes) reads.get(node)?.push(name);
  return reads;
}

function isSameTensor(a: TensorProto, b: TensorProto | undefined): boolean {
  if (a === b) return true;
  return (
    a.dataType === b?.dataType &&
    a.rawData.length > 0 &&
    a.dims.join() === b.dims.join() &&
    Buffer.compare(a.rawData, b.rawData) === 0
  );
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

function isSameNode(a: NodeProto, b: NodeProto): boolean {
  return (
    a.opType === b.opType &&
    a.domain === b.domain &&
    isSameList(a.input, b.input) &&
    isSameList(a.output, b.output) &&
    a.attribute.length === b.attribute.length &&
    a.attribute.every((one, i) => {
      const other = b.attribute[i];
      return other !== undefined && equals(AttributeProtoSchema, one, other);
    })
  );
}

/** What a tensor of the cut is, as far as the suffix has to know. */
export interface CutTensor {
  type: ElementType;
  /** `null` where it differs from sample to sample. */
  dims: (number | null)[];
}

/**
 * The suffix as a model whose inputs are the tensors of the cut.
 * @param cut by name
 */
export function suffixModel(
  variant: Model,
  { nodes, cut, alike }: Suffix,
  tensors: ReadonlyMap<string, CutTensor>,
): Model {
  const { graph } = variant;
  const read = new Set(nodes.flatMap((n) => n.input));
  const withBodies = nodes.some((n) => n.attribute.some((a) => a.g !== undefined || a.graphs.length > 0));
  const known = new Set(alike);
  return {
    ...variant,
    graph: create(GraphProtoSchema, {
      name: graph.name,
      node: nodes,
      initializer: graph.initializer.filter((t) => withBodies || read.has(t.name)),
      input: cut.map((name) => declare(name, tensors.get(name))),
      output: graph.output.filter((o) => !known.has(o.name)),
    }),
  };
}

function declare(name: string, tensor: CutTensor | undefined): ValueInfoProto {
  if (tensor === undefined) throw new RangeError(`nothing is known of ${name}`);
  const dim = tensor.dims.map((size, i) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        size === null
          ? { case: 'dimParam', value: `${name}_${i}` }
          : { case: 'dimValue', value: BigInt(size) },
    }),
  );
  const value = create(TypeProto_TensorSchema, { elemType: dataTypeOf(tensor.type), shape: { dim } });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value } }),
  });
}
