import type { GraphProto, NodeProto } from 'onnx-buf';
import { floatAttribute, intAttribute } from './attributes';
import { floatValues, makeTensor } from './elements';
import { freshNames, indexGraph, soleConsumer } from './graphIndex';

/**
 * Folds BatchNormalization into the Conv or ConvTranspose before it, as inference does, so that the
 * weights that are quantized are the weights that run:
 * w' = w · γ/√(σ² + ε), b' = (b − μ) · γ/√(σ² + ε) + β, per output channel.
 * Left alone where the convolution's result is used elsewhere too or a parameter is not constant.
 */
export function foldBatchNorm(graph: GraphProto): void {
  const index = indexGraph(graph);
  const fresh = freshNames(graph);
  const folded = new Set<NodeProto>();

  for (const conv of graph.node) {
    if (conv.opType !== 'Conv' && conv.opType !== 'ConvTranspose') continue;
    const norm = soleConsumer(index, conv.output[0] ?? '');
    if (norm?.opType !== 'BatchNormalization' || norm.input[0] !== conv.output[0]) continue;
    if (norm.output.slice(1).some((o) => index.consumers.has(o) || index.outputs.has(o))) continue;
    const constant = (node: NodeProto, i: number) => index.initializers.get(node.input[i] ?? '');
    const weight = constant(conv, 1);
    const hasBias = (conv.input[2] ?? '') !== '';
    const bias = constant(conv, 2);
    const parameters = [1, 2, 3, 4].map((i) => constant(norm, i));
    if (weight === undefined || (hasBias && bias === undefined)) continue;
    const [gamma, beta, mean, variance] = parameters.map((t) => t && floatValues(t));
    if (!gamma || !beta || !mean || !variance) continue;

    const epsilon = floatAttribute(norm, 'epsilon', 1e-5);
    const factor = Float64Array.from(gamma, (g, c) => g / Math.sqrt((variance[c] ?? 0) + epsilon));
    const before = bias && floatValues(bias);
    const newBias = Float32Array.from(
      factor,
      (f, c) => ((before?.[c] ?? 0) - (mean[c] ?? 0)) * f + (beta[c] ?? 0),
    );
    const dims = weight.dims.map(Number);
    const newWeight = scaleChannels(floatValues(weight), dims, conv, factor);

    // Weights may be shared, so the folded ones are new tensors. The weight keeps its name where it can:
    // people know layers by it.
    const shared = (index.consumers.get(weight.name)?.length ?? 0) > 1;
    const weightName = shared ? fresh(`${weight.name}_folded`) : weight.name;
    if (!shared) graph.initializer.splice(graph.initializer.indexOf(weight), 1);
    const biasName = fresh(`${weight.name}_folded_bias`);
    graph.initializer.push(
      makeTensor(weightName, dims, newWeight),
      makeTensor(biasName, [newBias.length], newBias),
    );
    conv.input = [conv.input[0] ?? '', weightName, biasName];
    conv.output = [norm.output[0] ?? ''];
    folded.add(norm);
  }
  graph.node = graph.node.filter((node) => !folded.has(node));
  dropUnusedInitializers(graph);
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

/** Removes initializers that nothing reads any more. Those that are graph inputs too are part of the interface. */
export function dropUnusedInitializers(graph: GraphProto): void {
  const { consumers, outputs } = indexGraph(graph);
  const inputs = new Set(graph.input.map((i) => i.name));
  graph.initializer = graph.initializer.filter(
    (t) => consumers.has(t.name) || outputs.has(t.name) || inputs.has(t.name),
  );
}
