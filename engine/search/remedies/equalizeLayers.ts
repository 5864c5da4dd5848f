import type { NodeProto } from 'onnx-buf';
import { intAttribute } from '../../onnx/graph/attributes';
import { elementCount, floatValues, isFloat } from '../../onnx/tensors/elements';
import { indexGraph, soleConsumer, type GraphIndex } from '../../onnx/graph/graphIndex';
import { findLayers, type Layer } from '../../onnx/layers/layers';
import type { Model } from '../../onnx/graph/model';
import { ModelEditor, type Remedied } from './modelEditor';
import {
  channelMagnitudes,
  inputChannels,
  outputChannels,
  type Channels,
} from '../../quantize/weightChannels';

/** Two layers whose weights share their ranges better now. */
export interface EqualizedPair {
  first: string;
  second: string;
  /** How much the smallest channel is smaller than the largest, as the geometric mean over the two weights. */
  ratioBefore: number;
  ratioAfter: number;
}

/** Operators f with f(s·x) = s·f(x) for each channel and s > 0. */
const homogeneous = new Set(['Relu', 'LeakyRelu', 'PRelu']);
/** Those that are so for channels on axis 1. */
const homogeneousPools = new Set(['MaxPool', 'AveragePool', 'GlobalMaxPool', 'GlobalAveragePool']);

const MOST_ROUNDS = 50;
/** Rounds end when no channel is moved by more. */
const SETTLED = 1e-3;

/**
 * Channels this much smaller than the largest are left alone, as those that are all zero: a batch norm that was
 * folded may leave 1e-20 where training has switched a channel off, and dividing by it would blow up the bias.
 */
const SMALLEST = 1e-6;

interface Constant {
  node: NodeProto;
  input: number;
  values: Float64Array;
}

interface Side {
  layer: Layer;
  weight: Constant;
  channels: Channels;
}

interface Pair {
  first: Side;
  second: Side;
  bias: Constant | undefined;
}

/**
 * Cross-layer equalization (Nagel et al. 2019, "Data-Free Quantization", eq. 11): where only a positively homogeneous
 * function stands between two layers, the first one's output channel i is divided by s_i = √(r1_i / r2_i) and the
 * second one's input channel i multiplied by it, with r the ranges of their weights; repeated over chains until
 * nothing moves. The model computes the same up to rounding; its activations change their ranges.
 * @returns null when no two layers can be equalized
 */
export function equalizeLayers(original: Model): Remedied<EqualizedPair> | null {
  const editor = new ModelEditor(original);
  const pairs = findPairs(editor);
  if (pairs.length === 0) return null;
  const before = pairs.map(worstRatio);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (Math.max(...pairs.map(equalize)) < SETTLED) break;
  }
  const changed = new Set(
    pairs.flatMap((p) => [p.first.weight, p.second.weight, ...(p.bias ? [p.bias] : [])]),
  );
  for (const { node, input, values } of changed) editor.setConstant(node, input, Float32Array.from(values));
  const changes = pairs.map((pair, i) => ({
    first: pair.first.layer.name,
    second: pair.second.layer.name,
    ratioBefore: before[i] ?? 1,
    ratioAfter: worstRatio(pair),
  }));
  return { model: editor.model, changes };
}

function findPairs(editor: ModelEditor): Pair[] {
  const layers = findLayers(editor.model.graph);
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  const indices = new Map(layers.map(({ graph }) => [graph, indexGraph(graph, editor.constants)]));
  // A weight is the second one's in one pair and the first one's in the next.
  const known = new Map<string, Constant>();
  const constantOf = (node: NodeProto, input: number): Constant | undefined => {
    const name = node.input[input] ?? '';
    const tensor = editor.constants.get(name);
    if (tensor === undefined || !isFloat(tensor) || !editor.isReadOnce(name)) return undefined;
    const found = known.get(name) ?? { node, input, values: Float64Array.from(floatValues(tensor)) };
    known.set(name, found);
    return found;
  };
  return layers.flatMap((layer): Pair[] => {
    const index = indices.get(layer.graph);
    const sides = index && pairFrom(layer, index, byNode);
    if (sides === undefined) return [];
    const { second, biased } = sides;
    const [weight, nextWeight] = [constantOf(layer.node, 1), constantOf(second.node, 1)];
    const bias = biased && constantOf(biased.node, biased.input);
    if (weight === undefined || nextWeight === undefined || (biased && bias === undefined)) return [];
    const channels = outputChannels(layer.node, dimsOf(layer));
    const nextChannels = inputChannels(second.node, dimsOf(second));
    if (channels.count !== nextChannels.count || (bias && bias.values.length !== channels.count)) return [];
    return [
      {
        first: { layer, weight, channels },
        second: { layer: second, weight: nextWeight, channels: nextChannels },
        bias,
      },
    ];
  });
}

/** The layer that reads this one's channels as they are or behind a homogeneous function, and where the bias is. */
function pairFrom(
  layer: Layer,
  index: GraphIndex,
  byNode: ReadonlyMap<NodeProto, Layer>,
): { second: Layer; biased: { node: NodeProto; input: number } | undefined } | undefined {
  const { node } = layer;
  if (!isSound(layer)) return undefined;
  let biased = (node.input[2] ?? '') === '' ? undefined : { node, input: 2 };
  let [tensor = ''] = node.output;
  const add = layer.tail.find((n) => n.opType === 'Add');
  if (add !== undefined && layer.bias !== null) {
    biased = { node: add, input: add.input.indexOf(layer.bias.name) };
    [tensor = ''] = add.output;
  }
  // A damaged graph may run in a circle.
  for (let hops = 0; hops < 16; hops++) {
    const next = soleConsumer(index, tensor);
    if (next?.input[0] !== tensor || next.input.lastIndexOf(tensor) > 0) return undefined;
    const second = byNode.get(next);
    if (second !== undefined) {
      const fits = isSound(second) && isSpatial(second.node) === isSpatial(node);
      return fits && second !== layer ? { second, biased } : undefined;
    }
    const passes = homogeneous.has(next.opType) || (homogeneousPools.has(next.opType) && isSpatial(node));
    if (!passes || next.output.length !== 1) return undefined;
    if (next.opType === 'PRelu' && !index.initializers.has(next.input[1] ?? '')) return undefined;
    [tensor = ''] = next.output;
  }
  return undefined;
}

/** Whether channels are on axis 1 with positions behind them, not on the last axis. */
function isSpatial({ opType }: NodeProto): boolean {
  return opType === 'Conv' || opType === 'ConvTranspose';
}

function isSound({ opType, node, weight }: Layer): boolean {
  if (weight === null || elementCount(weight) === 0) return false;
  if (opType === 'Conv' || opType === 'ConvTranspose') {
    const group = intAttribute(node, 'group', 1);
    return weight.dims.length > 2 && group > 0 && Number(weight.dims[0]) % group === 0;
  }
  const isMatrix = (opType === 'MatMul' || opType === 'Gemm') && weight.dims.length === 2;
  return isMatrix && intAttribute(node, 'transA', 0) === 0;
}

function dimsOf({ weight }: Layer): number[] {
  return (weight?.dims ?? []).map(Number);
}

/** Moves the ranges of one pair's channels; answers the largest |ln s|. */
function equalize({ first, second, bias }: Pair): number {
  const factors = factorsOf(first, second);
  scale(first, (channel) => 1 / (factors[channel] ?? 1));
  scale(second, (channel) => factors[channel] ?? 1);
  bias?.values.forEach((b, channel) => (bias.values[channel] = b / (factors[channel] ?? 1)));
  return factors.reduce((most, s) => Math.max(most, Math.abs(Math.log(s))), 0);
}

function factorsOf(first: Side, second: Side): Float64Array {
  const [r1, r2] = [rangesOf(first), rangesOf(second)];
  const [alive1, alive2] = [leastAlive(r1), leastAlive(r2)];
  return r1.map((r, channel) => {
    const other = r2[channel] ?? 0;
    const s = r < alive1 || other < alive2 ? 1 : Math.sqrt(r / other);
    return Number.isFinite(s) && s > 0 ? s : 1;
  });
}

function rangesOf({ weight, channels }: Side): Float64Array {
  return channelMagnitudes(weight.values, channels);
}

function leastAlive(ranges: Float64Array): number {
  return Math.max(SMALLEST * largest(ranges), Number.MIN_VALUE);
}

function largest(ranges: Float64Array): number {
  return ranges.reduce((a, b) => Math.max(a, b), 0);
}

function scale({ weight, channels }: Side, factor: (channel: number) => number): void {
  const { values } = weight;
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) * factor(channels.of(i));
}

/** √(R1/r1 · R2/r2) of the worst channel, with R the largest range of each weight. */
function worstRatio({ first, second }: Pair): number {
  const [r1, r2] = [rangesOf(first), rangesOf(second)];
  const [alive1, alive2] = [leastAlive(r1), leastAlive(r2)];
  const products = r1
    .map((r, channel) => (r < alive1 ? 0 : r) * ((r2[channel] ?? 0) < alive2 ? 0 : (r2[channel] ?? 0)))
    .filter((product) => product > 0);
  const least = products.reduce((a, b) => Math.min(a, b), Infinity);
  return products.length === 0 ? 1 : Math.sqrt((largest(r1) * largest(r2)) / least);
}
