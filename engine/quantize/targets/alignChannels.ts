import type { NodeProto, TensorProto } from 'onnx-buf';
import { intAttribute, setAttribute } from '../../onnx/graph/attributes';
import { channelClasses, channelVector, type ChannelClass } from './channelClasses';
import { copyModel } from '../../onnx/graph/copyModel';
import { dropUnusedInitializers } from '../../onnx/graph/dropUnusedInitializers';
import { floatValues, makeTensor } from '../../onnx/tensors/elements';
import { constantsWithin, replacementName } from '../../onnx/graph/constants';
import { freshNames, indexGraph } from '../../onnx/graph/graphIndex';
import type { Model } from '../../onnx/graph/model';
import { removeNoOps } from '../../onnx/normalize/removeNoOps';
import { ownValue } from '../../shared/ownValue';

/** More than by half, and the neighbours' products cost more than is won. */
const MOST_GROWTH = 1.5;

/** What is put behind a constant that has a value for each channel, so that zeros stay zeros. */
const fillings: Record<string, number> = { Add: 0, Sub: 0, Mul: 1, Div: 1 };

/**
 * A copy in which the channels of depthwise convolutions are whole multiples of `multiple`, where their number can be made so
 * by channels of zeros that nothing else sees: kernels handle so many at once, and what is left over one by one. It computes
 * the same, and its layers and tensors keep their names. The same model where there is nothing to add.
 */
export function withAlignedChannels(original: Model, multiple: number): Model {
  if (plannedCounts(original, multiple) === undefined) return original;
  const model = copyModel(original);
  const { graph } = model;
  const planned = plannedCounts(model, multiple);
  if (planned === undefined) return original;
  const { countOf, isChanged, widenings } = planned;
  const constants = constantsWithin(graph);
  const index = indexGraph(graph, constants);
  const fresh = freshNames(graph);
  const replace = (
    node: NodeProto,
    input: number,
    tensor: TensorProto,
    dims: number[],
    values: Float32Array,
  ) => {
    const name = replacementName(graph, tensor, index, fresh);
    graph.initializer.push(makeTensor(name, dims, values));
    node.input[input] = name;
  };
  for (const node of graph.node) {
    const [x = '', second = '', third = ''] = node.input;
    const [y = ''] = node.output;
    const weight = constants.get(second);
    if (node.opType === 'Conv' && weight !== undefined && (isChanged(x) || isChanged(y))) {
      const isDepthwise = intAttribute(node, 'group', 1) > 1;
      const outputs = countOf(y) ?? Number(weight.dims[0]);
      const inputs = isDepthwise ? 1 : (countOf(x) ?? Number(weight.dims[1]));
      replace(node, 1, weight, ...paddedWeight(weight, outputs, inputs));
      if (isDepthwise) setAttribute(node, 'group', outputs);
      const bias = constants.get(third);
      if (bias !== undefined && isChanged(y)) replace(node, 2, bias, [outputs], padded(bias, outputs, 0));
      continue;
    }
    const filling = ownValue(fillings, node.opType);
    if (filling !== undefined && isChanged(y)) {
      node.input.forEach((name, i) => {
        const tensor = constants.get(name);
        const count = countOf(y) ?? 0;
        if (tensor !== undefined && (channelVector(tensor) ?? 1) > 1)
          replace(node, i, tensor, [count, 1, 1], padded(tensor, count, filling));
      });
    }
  }
  for (const { node, from, to } of widenings) {
    const [before = 0, after = 0] = [countOf(from), countOf(to)];
    if (!isChanged(from) && !isChanged(to)) continue;
    node.attribute = [];
    node.opType = before === after ? 'Identity' : 'Pad';
    node.input = [from];
    if (before === after) continue;
    const pads = fresh(`${to}_pads`);
    const added = BigInt(after - before);
    graph.initializer.push(makeTensor(pads, [8], BigInt64Array.of(0n, 0n, 0n, 0n, 0n, added, 0n, 0n)));
    node.input.push(pads);
  }
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !isChanged(name));
  removeNoOps(graph);
  dropUnusedInitializers(graph);
  return model;
}

/** How many channels tensors are to have; `undefined` where all stay as they are. */
function plannedCounts({ graph }: Model, multiple: number) {
  const { classOf, widenings } = channelClasses(graph);
  const aligned = (count: number) => Math.ceil(count / multiple) * multiple;
  const planned = ({ count, isDepthwise, isOpen }: ChannelClass) =>
    isOpen && isDepthwise && aligned(count) <= MOST_GROWTH * count ? aligned(count) : count;
  for (let isSettled = false; !isSettled;) {
    isSettled = true;
    for (const { from, to } of widenings) {
      const [before, after] = [classOf(from), classOf(to)];
      if (before === undefined || after === undefined || planned(before) === before.count) continue;
      // The zeros that are put behind stand where the added ones are.
      if (before.keepsZeros && planned(before) <= planned(after)) continue;
      before.isOpen = false;
      isSettled = false;
    }
  }
  const countOf = (tensor: string) => {
    const found = classOf(tensor);
    return found === undefined || found.count === 0 ? undefined : planned(found);
  };
  const isChanged = (tensor: string) =>
    countOf(tensor) !== undefined && countOf(tensor) !== classOf(tensor)?.count;
  if (!graph.node.some((node) => node.output.some(isChanged))) return undefined;
  return { countOf, isChanged, widenings };
}

/** [outputs, inputs, …] with zeros for what is added. */
function paddedWeight(weight: TensorProto, outputs: number, inputs: number): [number[], Float32Array] {
  const [, before = 1, ...kernel] = weight.dims.map(Number);
  const area = kernel.reduce((a, b) => a * b, 1);
  const values = floatValues(weight);
  const all = new Float32Array(outputs * inputs * area);
  for (let o = 0; o * before * area < values.length; o++)
    all.set(values.subarray(o * before * area, (o + 1) * before * area), o * inputs * area);
  return [[outputs, inputs, ...kernel], all];
}

function padded(tensor: TensorProto, count: number, filling: number): Float32Array {
  const all = new Float32Array(count).fill(filling);
  all.set(floatValues(tensor));
  return all;
}
