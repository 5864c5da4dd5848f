import type { GraphProto, NodeProto } from 'onnx-buf';
import { attribute, intAttribute } from '../graph/attributes';
import { floatValues, isFloat, makeTensor } from '../tensors/elements';
import { channelAffine } from './foldIntoConv';
import { constantsWithin, replacementName } from '../graph/constants';
import { freshNames, indexGraph, soleConsumer } from '../graph/graphIndex';

/** Whether every value that the convolution reads is one of its input's: no zeros are put around it. */
function isUnpadded(conv: NodeProto): boolean {
  const auto = new TextDecoder().decode(attribute(conv, 'auto_pad')?.s ?? new Uint8Array(0));
  const pads = attribute(conv, 'pads')?.ints ?? [];
  return (auto === '' || auto === 'NOTSET' || auto === 'VALID') && pads.every((p) => p === 0n);
}

/**
 * Folds a BatchNormalization before a Conv, or a product with one number, into its weight and bias:
 * conv(f·x + s) = (f·w)·x + (b + Σ w·s). A shift stays where zeros are padded around the input, since they would have
 * to be shifted too.
 * @param main the model's own graph, whose constants a body may read
 */
export function foldBeforeConv(graph: GraphProto, main = graph): void {
  const index = indexGraph(graph, constantsWithin(main));
  const fresh = freshNames(main);
  const folded = new Set<NodeProto>();
  for (const conv of graph.node) {
    if (conv.opType !== 'Conv') continue;
    const [x = '', w = '', b = ''] = conv.input;
    const before = index.producer.get(x);
    const weight = index.initializers.get(w);
    const bias = index.initializers.get(b);
    if (before === undefined || soleConsumer(index, x) !== conv || folded.has(before)) continue;
    if (weight === undefined || !isFloat(weight) || (b !== '' && (bias === undefined || !isFloat(bias))))
      continue;
    const dims = weight.dims.map(Number);
    const [outputs = 0, perGroup = 0] = dims;
    const group = intAttribute(conv, 'group', 1);
    const values = floatValues(weight);
    if (values.length === 0 || group < 1 || outputs % group !== 0) continue;
    const source = before.input.find((name) => name !== '' && !index.initializers.has(name)) ?? '';
    const affine = channelAffine(before, source, index, perGroup * group, dims.length);
    if (affine === undefined) continue;
    const channels = Array.from({ length: perGroup * group }, (_, c) => c);
    // One factor for all changes no grid. A factor for each channel spreads the weights that share a scale, and a shift
    // often centres what is quantized; only for batch norm are they worth it.
    const isFactor = channels.every((c) => affine.factor(c) === affine.factor(0) && affine.shift(c) === 0);
    if (!isFactor && before.opType !== 'BatchNormalization') continue;
    if (channels.some((c) => affine.shift(c) !== 0) && !isUnpadded(conv)) continue;

    const inner = values.length / (outputs * perGroup);
    const shift = bias === undefined ? new Float64Array(outputs) : Float64Array.from(floatValues(bias));
    const scaled = values.map((value, i) => {
      const output = Math.floor(i / (perGroup * inner));
      const input = Math.floor(output / (outputs / group)) * perGroup + (Math.floor(i / inner) % perGroup);
      shift[output] = (shift[output] ?? 0) + value * affine.shift(input);
      return value * affine.factor(input);
    });
    const weightName = replacementName(graph, weight, index, fresh);
    const biasName = fresh(`${w}_folded_bias`);
    graph.initializer.push(
      makeTensor(weightName, dims, new Float32Array(scaled)),
      makeTensor(biasName, [outputs], Float32Array.from(shift)),
    );
    conv.input = [source, weightName, biasName];
    folded.add(before);
  }
  graph.node = graph.node.filter((node) => !folded.has(node));
}
