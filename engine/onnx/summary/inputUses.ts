import type { NodeProto, TensorProto } from 'onnx-buf';
import { attribute, intAttribute } from '../graph/attributes';
import { indexGraph, type GraphIndex } from '../graph/graphIndex';
import { layerTypes } from '../layers/layers';
import type { Model } from '../graph/model';
import { trainedMean, type TrainedMean } from './trainedMean';

/** What a model's graph tells of one of its inputs. */
export interface InputUse {
  /** The first layer that reads it. */
  layer: string;
  opType: string;
  /** Of a Conv: the input's axis that it takes for channels, and how many it takes; `null` where that is not clear. */
  channels: { axis: number; count: number } | null;
  /** Something between the input and a first layer computes with it, such as a Sub and a Div that normalize. */
  computesFirst: boolean;
  /** What the first layer's batch norm remembers; `null` without one. */
  trained: TrainedMean | null;
}

/** Operators that move values and change none, or only round them. */
const moving = new Set(
  'Cast Identity Pad Resize Upsample Clip Transpose Reshape Slice Concat Squeeze Unsqueeze Split Gather SpaceToDepth Expand Flatten QuantizeLinear DequantizeLinear Dropout'.split(
    ' ',
  ),
);
/** Those of them, and others, that leave every axis at its place. */
const keepsAxes = new Set(
  'Cast Identity Pad Resize Upsample Clip QuantizeLinear DequantizeLinear Dropout Add Sub Mul Div BatchNormalization'.split(
    ' ',
  ),
);
/** These read the shape, not the values. */
const readsShape = new Set(['Shape', 'Size']);
const MOST_NODES = 200;

interface Place {
  tensor: string;
  /** For each axis here, the input's axis; `null` when they were mixed. */
  axes: readonly number[] | null;
  computed: boolean;
}

/** Follows inputs to the first layers; those that reach none near are left out. */
export function inputUses({ graph }: Model, inputs: readonly string[]): Map<string, InputUse> {
  const index = indexGraph(graph, constantsOf(graph.node, graph.initializer));
  const uses = new Map<string, InputUse>();
  for (const input of inputs) {
    const use = inputUse(index, input);
    if (use !== null) uses.set(input, use);
  }
  return uses;
}

function inputUse(index: GraphIndex, input: string): InputUse | null {
  const queue: Place[] = [{ tensor: input, axes: [0, 1, 2, 3, 4], computed: false }];
  const seen = new Set([input]);
  let found: InputUse | null = null;
  let computesFirst = false;
  for (const place of queue) {
    if (queue.length > MOST_NODES) break;
    for (const node of index.consumers.get(place.tensor) ?? []) {
      if (isLayer(node)) {
        found ??= { ...layerFacts(node, place, index), computesFirst: false };
        computesFirst ||= place.computed;
        continue;
      }
      const [output = ''] = node.output;
      if (readsShape.has(node.opType) || seen.has(output)) continue;
      seen.add(output);
      const computed = place.computed || node.domain !== '' || !moving.has(node.opType);
      queue.push({ tensor: output, axes: axesAfter(node, place.axes), computed });
    }
  }
  return found === null ? null : { ...found, computesFirst };
}

function isLayer({ opType, domain }: NodeProto): boolean {
  return (domain === '' || domain === 'ai.onnx') && layerTypes.some((type) => type === opType);
}

function layerFacts(
  node: NodeProto,
  { tensor, axes, computed }: Place,
  index: GraphIndex,
): Omit<InputUse, 'computesFirst'> {
  const { opType, name, output } = node;
  const base = { layer: name === '' ? (output[0] ?? '') : name, opType };
  const weight = index.initializers.get(node.input[1] ?? '');
  if (opType !== 'Conv' || node.input[0] !== tensor || weight === undefined)
    return { ...base, channels: null, trained: null };
  const axis = axes?.[1];
  const count = Number(weight.dims[1] ?? 0n) * intAttribute(node, 'group', 1);
  return {
    ...base,
    channels: axis === undefined || count < 1 ? null : { axis, count },
    trained: computed ? null : trainedMean(node, index),
  };
}

function axesAfter(node: NodeProto, axes: Place['axes']): Place['axes'] {
  if (axes === null || keepsAxes.has(node.opType)) return axes;
  const perm = node.opType === 'Transpose' ? (attribute(node, 'perm')?.ints ?? []) : [];
  return perm.length === 0 ? null : perm.map((axis) => axes[Number(axis)] ?? 0);
}

/** Initializers, and what Constant nodes hold. */
function constantsOf(
  nodes: readonly NodeProto[],
  initializers: readonly TensorProto[],
): Map<string, TensorProto> {
  const constants = new Map(initializers.map((tensor) => [tensor.name, tensor]));
  for (const node of nodes) {
    const value = node.opType === 'Constant' ? attribute(node, 'value')?.t : undefined;
    if (value !== undefined) constants.set(node.output[0] ?? '', value);
  }
  return constants;
}
