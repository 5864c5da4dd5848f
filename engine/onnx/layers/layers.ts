import type { GraphProto, NodeProto, TensorProto } from 'onnx-buf';
import { alreadyQuantized, originsWithin } from './quantizedOrigin';
import { attribute, intAttribute } from '../graph/attributes';
import { elementCount, isFloat } from '../tensors/elements';
import { indexGraph, soleConsumer, type GraphIndex } from '../graph/graphIndex';
import { clipBounds } from './rescaling';
import { graphsWithin } from '../graph/scopes';
import { ownValue } from '../../shared/ownValue';

export const layerTypes = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'LSTM', 'GRU', 'Gather'] as const;
export type LayerType = (typeof layerTypes)[number];

/**
 * An operator that the paper quantizes: a product of an activation with a weight or another activation, or the lookup of
 * rows in a table of embeddings.
 */
export interface Layer {
  /** The node's name; in the bodies of If, Loop and Scan with its path in front. */
  name: string;
  opType: LayerType;
  node: NodeProto;
  /** The graph or body that the node is in. */
  graph: GraphProto;
  /** Names of its activations: one, two for a product of activations, none for a lookup. */
  activations: string[];
  weight: TensorProto | null;
  /** An LSTM's or GRU's second weight, by which it multiplies its own state. */
  recurrence: TensorProto | null;
  /** Axis of the weight's output channels; `null` where scales per channel are not possible. */
  channelAxis: number | null;
  bias: TensorProto | null;
  /** Nodes that alone follow and belong to the layer: the Add of a MatMul's bias, then a Relu or a Clip. */
  tail: NodeProto[];
  /** The tensor that leaves the layer: the output of the last node of the tail, or the node's own. */
  output: string;
}

/** A product that stays in float whatever the user wants. */
export interface Unquantizable {
  name: string;
  opType: string;
  reason: string;
}

/** Operators that multiply activations as layers do and have no integer form here, and why. */
const floatOnly: Record<string, string> = {
  RNN: 'onnxruntime has no integer RNN.',
  Einsum: 'onnxruntime has no integer Einsum; a MatMul in its place could be quantized.',
  DeformConv: 'onnxruntime has no integer DeformConv.',
};

function isLayerType(opType: string): opType is LayerType {
  return layerTypes.some((t) => t === opType);
}

function channelAxis(node: NodeProto, weight: TensorProto): number | null {
  switch (node.opType) {
    case 'Conv':
      return 0;
    case 'ConvTranspose':
    case 'LSTM':
    case 'GRU':
      return 1;
    case 'Gemm':
      return intAttribute(node, 'transB', 0) === 1 ? 0 : 1;
    default:
      // onnxruntime's integer MatMul takes scales per column of a matrix only.
      return weight.dims.length === 2 ? 1 : null;
  }
}

/** The layer that a node is; why it is none, when it multiplies like one; else nothing. */
function layerOf(node: NodeProto, graph: GraphProto, index: GraphIndex): Layer | string | undefined {
  const { opType } = node;
  if (node.domain !== '' && node.domain !== 'ai.onnx') return undefined;
  if (!isLayerType(opType)) return ownValue(floatOnly, opType);
  const [a = '', b = '', c = ''] = node.input;
  if (opType === 'Gather') return embedding(node, graph, index);
  const weight = index.initializers.get(b) ?? null;
  if (opType === 'Gemm' && ['alpha', 'beta'].some((k) => (attribute(node, k)?.f ?? 1) !== 1)) {
    return 'It scales its terms (alpha, beta); integer kernels know only the plain product.';
  }
  if (weight === null && opType !== 'MatMul' && opType !== 'Gemm') {
    return 'Its weight is computed while the model runs, not stored.';
  }
  const isRecurrent = opType === 'LSTM' || opType === 'GRU';
  const recurrence = isRecurrent ? (index.initializers.get(c) ?? null) : null;
  if (isRecurrent && recurrence === null) return 'Its weight is computed while the model runs, not stored.';
  if (opType === 'LSTM') {
    if (intAttribute(node, 'layout', 0) !== 0)
      return 'onnxruntime has no integer LSTM with the batch in front.';
  }
  if (index.initializers.has(a)) {
    return weight === null ? 'Its constant is on the left; integer kernels want it on the right.' : undefined;
  }
  const tail = isRecurrent ? [] : tailOf(node, weight, index);
  const [add] = tail.filter((n) => n.opType === 'Add');
  const bias = index.initializers.get(add === undefined ? c : (biasInput(add, node) ?? ''));
  return {
    name: node.name,
    opType,
    node,
    graph,
    activations: weight === null ? [a, b] : [a],
    weight,
    recurrence,
    channelAxis: weight && channelAxis(node, weight),
    bias: isRecurrent ? null : (bias ?? null),
    tail,
    output: (tail.at(-1) ?? node).output.find((o) => o !== '') ?? '',
  };
}

/** Narrower tables are no embeddings: boxes of anchors, say, whose coordinates need more than 8 bits. */
const LEAST_EMBEDDING = 16;

/** The lookup of computed indices in a stored table of rows; every other Gather is none of our concern. */
function embedding(node: NodeProto, graph: GraphProto, index: GraphIndex): Layer | undefined {
  const [table = '', indices = ''] = node.input;
  const weight = index.initializers.get(table);
  const axis = intAttribute(node, 'axis', 0);
  if (weight?.dims.length !== 2 || !isFloat(weight) || index.initializers.has(indices)) return undefined;
  if ((axis !== 0 && axis !== -2) || Number(weight.dims[1]) < LEAST_EMBEDDING) return undefined;
  // A row is what one token is looked up as.
  const none = { activations: [], recurrence: null, bias: null, tail: [] };
  const output = node.output[0] ?? '';
  return { ...none, name: node.name, opType: 'Gather', node, graph, weight, channelAxis: 0, output };
}

function scan(main: GraphProto): (readonly [NodeProto, Layer | string | undefined])[] {
  const graphs = graphsWithin(main);
  const origins = originsWithin(main);
  return graphs.flatMap((graph) => {
    const index = indexGraph(graph, origins.initializers);
    return graph.node.map(
      (node) =>
        [node, alreadyQuantized(node, origins) === null ? layerOf(node, graph, index) : undefined] as const,
    );
  });
}

/**
 * Layers of the model's graph in its own order, then those of the bodies in it. The graph must be normalized:
 * constants are initializers, and every tensor has a name of its own.
 */
export function findLayers(main: GraphProto): Layer[] {
  return scan(main).flatMap(([, found]) => (typeof found === 'object' ? [found] : []));
}

/** Products of a normalized graph that cannot be quantized, and why, for people to read. */
export function findUnquantizable(main: GraphProto): Unquantizable[] {
  return scan(main).flatMap(([{ name, opType }, found]) =>
    typeof found === 'string' ? [{ name, opType, reason: found }] : [],
  );
}

/** The operand of a bias's Add that is not the product. */
export function biasInput(add: NodeProto, product: NodeProto): string | undefined {
  const [a, b] = add.input;
  return a === product.output[0] ? b : a;
}

function tailOf(node: NodeProto, weight: TensorProto | null, index: GraphIndex): NodeProto[] {
  const tail: NodeProto[] = [];
  const next = () => soleConsumer(index, (tail.at(-1) ?? node).output[0] ?? '');
  const add = node.opType === 'MatMul' && weight !== null ? next() : undefined;
  if (add?.opType === 'Add' && isColumnBias(index.initializers.get(biasInput(add, node) ?? ''), weight))
    tail.push(add);
  const clip = next();
  // A Clip's first input is what it clips; it may be a bound of itself elsewhere.
  if (clip?.input[0] === (tail.at(-1) ?? node).output[0] && clip !== undefined && clipBounds(clip, index))
    tail.push(clip);
  return tail;
}

/** One value for each column of a matrix, which onnxruntime takes for the bias of its product. */
function isColumnBias(bias: TensorProto | undefined, weight: TensorProto | null): boolean {
  if (bias === undefined || weight?.dims.length !== 2 || !isFloat(bias)) return false;
  const columns = Number(weight.dims[1]);
  return elementCount(bias) === columns && Number(bias.dims.at(-1)) === columns;
}
