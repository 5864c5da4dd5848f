import { clone } from '@bufbuild/protobuf';
import { NodeProtoSchema, type GraphProto, type NodeProto } from 'onnx-buf';
import { intAttribute, makeNode, setAttribute } from '../../onnx/graph/attributes';
import { dropUnusedInitializers } from '../../onnx/graph/dropUnusedInitializers';
import { elementCount, floatValues, isFloat } from '../../onnx/tensors/elements';
import { indexGraph, type GraphIndex } from '../../onnx/graph/graphIndex';
import type { Model } from '../../onnx/graph/model';
import { graphsWithin } from '../../onnx/graph/scopes';
import { constantsWithin } from '../../onnx/graph/constants';
import { elementwiseRegion, type ElementwiseRegion } from './elementwiseRegion';
import { groupChannels, type ChannelRange } from './groupChannels';
import { ModelEditor, type Remedied } from './modelEditor';

export type { ChannelRange } from './groupChannels';

const MOST_GROUPS = 4;

/** A depthwise convolution in parts, each of which reads channels of like range. */
export interface SplitDepthwise {
  /** Layers by their names before. */
  depthwise: string;
  before: string;
  behind: string;
  /** Channels of each part. */
  groups: number[];
}

/** A Conv, a function of single values, a depthwise Conv, another such function, and a Conv. */
interface Site {
  graph: GraphProto;
  before: NodeProto;
  first: ElementwiseRegion;
  depthwise: NodeProto;
  behind: NodeProto;
  channels: number;
}

/** Tensors that {@link splitDepthwise} has to know the ranges of, each with its number of channels. */
export function splittableTensors(main: GraphProto): Map<string, number> {
  return new Map(findSites(main).map(({ first, channels }) => [first.output, channels]));
}

/**
 * Subtensor quantization (arXiv 2011.08009) for what depthwise convolutions read: its channels are sorted into up to
 * four groups of like range, the convolution before and the depthwise one become one for each group, and the one behind
 * takes the channels in their new order. The model computes the same; each group has a range of its own.
 * @param ranges by tensor ({@link splittableTensors}), as measured
 * @returns null where no grouping saves a quarter of a bit per channel
 */
export function splitDepthwise(
  original: Model,
  ranges: ReadonlyMap<string, ChannelRange>,
): Remedied<SplitDepthwise> | null {
  const editor = new ModelEditor(original);
  const { graph: main } = editor.model;
  const changes: SplitDepthwise[] = [];
  for (const site of findSites(main)) {
    const range = ranges.get(site.first.output);
    if (range?.max.length !== site.channels) continue;
    const groups = groupChannels(range, MOST_GROUPS);
    if (groups.length < 2) continue;
    split(site, groups, editor);
    changes.push({
      depthwise: site.depthwise.name,
      before: site.before.name,
      behind: site.behind.name,
      groups: groups.map((g) => g.length),
    });
  }
  if (changes.length === 0) return null;
  for (const graph of graphsWithin(main)) dropUnusedInitializers(graph);
  return { model: editor.model, changes };
}

function findSites(main: GraphProto): Site[] {
  const constants = constantsWithin(main);
  // A convolution behind one site may be the one before the next; then its weights are sliced after they were sorted.
  return graphsWithin(main).flatMap((graph) => {
    const index = indexGraph(graph, constants);
    return graph.node.flatMap((before): Site[] => {
      const channels = outputsOf(before, index, 1);
      if (channels === undefined) return [];
      const first = elementwiseRegion(before.output[0] ?? '', graph.node, index);
      const depthwise = first?.reader;
      if (first === undefined || depthwise === undefined) return [];
      if (outputsOf(depthwise, index, channels) !== channels) return [];
      const second = elementwiseRegion(depthwise.output[0] ?? '', graph.node, index);
      if (second === undefined || outputsOf(second.reader, index, 1) === undefined) return [];
      return [{ graph, before, first, depthwise, behind: second.reader, channels }];
    });
  });
}

/** Output channels of a Conv of so many groups with constants for weight and bias. */
function outputsOf(node: NodeProto, { initializers }: GraphIndex, groups: number): number | undefined {
  const [, w = '', b = ''] = node.input;
  const weight = initializers.get(w);
  const bias = initializers.get(b);
  if (node.opType !== 'Conv' || intAttribute(node, 'group', 1) !== groups) return undefined;
  if (weight === undefined || !isFloat(weight) || elementCount(weight) === 0) return undefined;
  const channels = Number(weight.dims[0]);
  if (b !== '' && (bias === undefined || !isFloat(bias) || elementCount(bias) !== channels)) return undefined;
  return channels;
}

/** The name of the layer that was split into parts; any other name as it is. */
export function wholeName(part: string): string {
  return part.replace(/_part\d+$/, '');
}

function split(site: Site, groups: readonly number[][], editor: ModelEditor): void {
  const { graph, before, first, depthwise, behind } = site;
  const made: NodeProto[] = [];
  const parts = groups.map((channels, g) => {
    const renamed = new Map<string, string>();
    const part = (node: NodeProto): NodeProto => {
      const copy = clone(NodeProtoSchema, node);
      copy.name = editor.fresh(`${node.name}_part${g}`);
      copy.input = copy.input.map((name) => renamed.get(name) ?? name);
      copy.output = copy.output.map((name) => {
        const own = editor.fresh(`${name}_part${g}`);
        renamed.set(name, own);
        return own;
      });
      made.push(copy);
      return copy;
    };
    sliceOutputs(part(before), channels, graph, editor);
    first.nodes.forEach(part);
    const last = part(depthwise);
    sliceOutputs(last, channels, graph, editor);
    setAttribute(last, 'group', channels.length);
    return last.output[0] ?? '';
  });
  const concat = makeNode('Concat', editor.fresh(`${depthwise.name}_Concat`), parts, depthwise.output, {
    axis: 1,
  });
  const gone = new Set([before, ...first.nodes]);
  graph.node = graph.node.flatMap((node) =>
    node === depthwise ? [...made, concat] : gone.has(node) ? [] : [node],
  );
  sortInputs(behind, groups.flat(), editor);
}

/** Leaves a Conv only some of its output channels. */
function sliceOutputs(
  conv: NodeProto,
  channels: readonly number[],
  graph: GraphProto,
  editor: ModelEditor,
): void {
  conv.input = conv.input.map((name, i) => {
    const constant = i === 0 ? undefined : editor.constants.get(name);
    if (constant === undefined) return name;
    const values = floatValues(constant);
    const [outputs = 1, ...rest] = constant.dims.map(Number);
    const size = values.length / outputs;
    const sliced = new Float32Array(channels.length * size);
    channels.forEach((c, k) => sliced.set(values.subarray(c * size, (c + 1) * size), k * size));
    return editor.addConstant(graph, `${name}_part`, [channels.length, ...rest], sliced);
  });
}

/** Lets a Conv read its input channels in another order. */
function sortInputs(conv: NodeProto, order: readonly number[], editor: ModelEditor): void {
  const weight = editor.constants.get(conv.input[1] ?? '');
  if (weight === undefined) return;
  const values = floatValues(weight);
  const [outputs = 1, inputs = 1] = weight.dims.map(Number);
  const size = values.length / outputs / inputs;
  const sorted = new Float32Array(values.length);
  for (let o = 0; o < outputs; o++) {
    order.forEach((c, k) => {
      const from = (o * inputs + c) * size;
      sorted.set(values.subarray(from, from + size), (o * inputs + k) * size);
    });
  }
  editor.setConstant(conv, 1, sorted);
}
