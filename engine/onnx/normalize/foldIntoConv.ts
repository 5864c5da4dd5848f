import type { GraphProto, NodeProto, TensorProto } from 'onnx-buf';
import { floatAttribute, intAttribute } from '../graph/attributes';
import { constantsWithin, replacementName } from '../graph/constants';
import { freshNames, indexGraph, soleConsumer, type GraphIndex } from '../graph/graphIndex';
import { elementCount, floatValues, isFloat, makeTensor } from '../tensors/elements';

/** y = x · factor + shift, per output channel. */
export interface ChannelAffine {
  factor: (channel: number) => number;
  shift: (channel: number) => number;
}

/**
 * Folds what follows a Conv or ConvTranspose and only scales and shifts its channels into its weight and bias, as
 * inference does, so that the weights that are quantized are the weights that run: BatchNormalization, and Mul,
 * Div, Add or Sub with a constant per channel or for all. Chains fold whole.
 * Left alone where the convolution's result is used elsewhere too or a parameter is not constant.
 * @param main the model's own graph, whose constants a body may read
 */
export function foldIntoConv(graph: GraphProto, main = graph): void {
  const index = indexGraph(graph, constantsWithin(main));
  const fresh = freshNames(main);
  const folded = new Set<NodeProto>();

  for (const conv of graph.node) {
    if (conv.opType !== 'Conv' && conv.opType !== 'ConvTranspose') continue;
    const weight = index.initializers.get(conv.input[1] ?? '');
    const hasBias = (conv.input[2] ?? '') !== '';
    const bias = index.initializers.get(conv.input[2] ?? '');
    if (weight === undefined || !isFloat(weight) || (hasBias && bias === undefined)) continue;
    const dims = weight.dims.map(Number);
    // In a damaged file the numbers may promise more channels than there are values.
    const group = intAttribute(conv, 'group', 1);
    if (elementCount(weight) === 0 || group < 1 || (dims[0] ?? 0) % group !== 0) continue;
    const channels = outputChannels(conv, dims);
    const affines: ChannelAffine[] = [];
    for (;;) {
      const next = soleConsumer(index, conv.output[0] ?? '');
      const affine = next && channelAffine(next, conv.output[0] ?? '', index, channels, dims.length);
      // A damaged graph may run in a circle.
      if (next === undefined || affine === undefined || folded.has(next)) break;
      affines.push(affine);
      folded.add(next);
      conv.output = [next.output[0] ?? ''];
    }
    if (affines.length === 0) continue;

    // Only now: weights may lie in other files, gigabytes of them.
    const weightValues = floatValues(weight);
    const factor = new Float64Array(channels).fill(1);
    const shift = bias === undefined ? new Float64Array(channels) : Float64Array.from(floatValues(bias));
    for (const affine of affines) {
      for (let c = 0; c < channels; c++) {
        factor[c] = (factor[c] ?? 1) * affine.factor(c);
        shift[c] = (shift[c] ?? 0) * affine.factor(c) + affine.shift(c);
      }
    }
    const weightName = replacementName(graph, weight, index, fresh);
    const biasName = fresh(`${weight.name}_folded_bias`);
    graph.initializer.push(
      makeTensor(weightName, dims, scaleChannels(weightValues, dims, conv, factor)),
      makeTensor(biasName, [channels], Float32Array.from(shift)),
    );
    conv.input = [conv.input[0] ?? '', weightName, biasName];
  }
  graph.node = graph.node.filter((node) => !folded.has(node));
}

function outputChannels(conv: NodeProto, [first = 1, second = 1]: number[]): number {
  return conv.opType === 'Conv' ? first : second * intAttribute(conv, 'group', 1);
}

/** What a node does to the channels of `tensor`, if scaling and shifting them is all it does. */
export function channelAffine(
  node: NodeProto,
  tensor: string,
  index: GraphIndex,
  channels: number,
  rank: number,
): ChannelAffine | undefined {
  const constant = (i: number) => {
    const found = index.initializers.get(node.input[i] ?? '');
    return found !== undefined && isFloat(found) ? found : undefined;
  };
  if (node.opType === 'BatchNormalization' && node.input[0] === tensor) {
    return batchNorm(node, constant, index, channels);
  }
  const side = node.input[0] === tensor ? 1 : 0;
  const other = constant(side);
  const value = other && perChannel(other, channels, rank);
  if (value === undefined) return undefined;
  const none = () => 0;
  const one = () => 1;
  switch (node.opType) {
    case 'Mul':
      return { factor: value, shift: none };
    case 'Div':
      return side === 1 ? { factor: (c) => 1 / value(c), shift: none } : undefined;
    case 'Add':
      return { factor: one, shift: value };
    case 'Sub':
      return side === 1 ? { factor: one, shift: (c) => -value(c) } : { factor: () => -1, shift: value };
    default:
      return undefined;
  }
}

/** γ/√(σ² + ε) and β − μ · γ/√(σ² + ε) (ONNX operators, "BatchNormalization"). */
function batchNorm(
  node: NodeProto,
  constant: (i: number) => TensorProto | undefined,
  index: GraphIndex,
  channels: number,
): ChannelAffine | undefined {
  // Further outputs are statistics for training.
  if (node.output.slice(1).some((o) => index.consumers.has(o) || index.outputs.has(o))) return undefined;
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => {
    const found = constant(i);
    return found && floatValues(found);
  });
  if (!gamma || !beta || !mean || !variance) return undefined;
  if ([gamma, beta, mean, variance].some((values) => values.length !== channels)) return undefined;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const factor = (c: number) => (gamma[c] ?? 1) / Math.sqrt((variance[c] ?? 1) + epsilon);
  return { factor, shift: (c) => (beta[c] ?? 0) - (mean[c] ?? 0) * factor(c) };
}

/** A constant's value for each channel, if it broadcasts over [N, C, …] without changing its shape. */
function perChannel(
  tensor: TensorProto,
  channels: number,
  rank: number,
): ((channel: number) => number) | undefined {
  const values = floatValues(tensor);
  if (tensor.dims.length > rank) return undefined;
  if (values.length === 1) return () => values[0] ?? 0;
  // The channel axis is second from the front, so rank − 2 axes follow it.
  const channelAxis = tensor.dims.length - (rank - 1);
  const fits = tensor.dims.every((d, i) => Number(d) === (i === channelAxis ? channels : 1));
  return fits && channelAxis >= 0 ? (c) => values[c] ?? 0 : undefined;
}

/** Conv keeps output channels on axis 0; ConvTranspose on axis 1, one block of them per group. */
function scaleChannels(
  weight: Float32Array,
  dims: number[],
  conv: NodeProto,
  factor: Float64Array,
): Float32Array {
  const [first = 1, second = 1] = dims;
  const inner = weight.length / (first * second);
  const perGroup = first / intAttribute(conv, 'group', 1);
  return weight.map((w, i) => {
    const a = Math.floor(i / (second * inner));
    const b = Math.floor(i / inner) % second;
    const channel = conv.opType === 'Conv' ? a : Math.floor(a / perGroup) * second + b;
    return w * (factor[channel] ?? 1);
  });
}
