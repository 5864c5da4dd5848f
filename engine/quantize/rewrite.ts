import { clone, create } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { EngineError } from '../engineError';
import { makeNode } from '../onnx/attributes';
import { elementCount, floatValues, makeTensor } from '../onnx/elements';
import { dropUnusedInitializers } from '../onnx/dropUnusedInitializers';
import { freshNames, indexGraph } from '../onnx/graphIndex';
import { findLayers, type Layer } from '../onnx/layers';
import type { Model } from '../onnx/model';
import { graphsWithin } from '../onnx/scopes';
import { roundHalfEven, type Affine } from './affine';
import { CONTRIB_DOMAIN, makeIntegerLstm } from './integerLstm';
import { writesInteger, type QuantPlan } from './plan';
import { storeRecurrent, storeTable } from './storedWeights';
import { quantizeWeight } from './weights';

/** Largest magnitude of an int32 bias; half the range is left to the accumulator. */
const MAX_BIAS = 2 ** 30;

/**
 * Writes a plan into a copy of a normalized model as QuantizeLinear/DequantizeLinear pairs (QDQ): the form
 * that onnxruntime and TensorRT turn into integer kernels. Layers outside the plan read and write floats.
 * @throws EngineError `runtime` when the plan lacks a tensor of a planned layer: it never got a value
 */
export function rewriteQdq(original: Model, plan: QuantPlan): Model {
  const copy = clone(ModelProtoSchema, original);
  const model: Model = Object.assign(copy, { graph: copy.graph ?? original.graph });
  const fresh = freshNames(model.graph);
  const layers = findLayers(model.graph).filter((l) => plan.layers.has(l.name));
  for (const graph of graphsWithin(model.graph)) {
    const own = layers.filter((l) => l.graph === graph);
    if (own.length === 0) continue;
    const writer = new QdqWriter(graph, plan, fresh);
    // Outputs first: a layer's quantized output is the next one's quantized input.
    for (const layer of own) if (writesInteger(layer)) writer.quantizeOutput(layer);
    for (const layer of own) {
      if (layer.opType === 'LSTM') writer.quantizeLstm(layer);
      else if (layer.opType === 'GRU' || layer.opType === 'Gather') writer.storeWeights(layer);
      else writer.quantizeInputs(layer);
    }
    writer.finish();
  }
  for (const graph of graphsWithin(model.graph)) dropUnusedInitializers(graph);
  declareContribOperators(model);
  return model;
}

function declareContribOperators(model: Model): void {
  const used = graphsWithin(model.graph).some((g) => g.node.some((n) => n.domain === CONTRIB_DOMAIN));
  if (!used || model.opsetImport.some((o) => o.domain === CONTRIB_DOMAIN)) return;
  model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: CONTRIB_DOMAIN, version: 1n }));
}

/** Writes the layers of one graph or body. What a body reads from outside gets its pair inside: onnxruntime fuses within one graph. */
class QdqWriter {
  /** Nodes to put in front of the one that reads their results. */
  private readonly before = new Map<NodeProto, NodeProto[]>();
  private readonly after = new Map<NodeProto, NodeProto[]>();
  /** Dequantized version of a tensor, once made. */
  private readonly dequantized = new Map<string, string>();
  private readonly producer: Map<string, NodeProto>;
  /** Pairs for tensors that no node makes: inputs of the graph. */
  private readonly first: NodeProto[] = [];

  constructor(
    private readonly graph: GraphProto,
    private readonly plan: QuantPlan,
    private readonly fresh: (wish: string) => string,
  ) {
    this.producer = indexGraph(graph).producer;
  }

  /** Everything behind the layer reads the dequantized tensor, so that the float one is the layer's own. */
  quantizeOutput(layer: Layer): void {
    const name = layer.output;
    const made = this.producer.get(name);
    if (made === undefined || this.dequantized.has(name)) return;
    const float = this.fresh(`${name}_float`);
    made.output = made.output.map((o) => (o === name ? float : o));
    this.after.set(made, this.pair(name, float, name));
    this.dequantized.set(name, name);
  }

  quantizeInputs(layer: Layer): void {
    const { node, weight, bias } = layer;
    layer.activations.forEach((tensor, i) => {
      node.input[i] = this.dequantizedActivation(tensor);
    });
    if (weight === null) return;
    const inputScale = this.affineOf(layer.activations[0] ?? '').scale;
    const axis = this.plan.weights === 'per-channel' ? layer.channelAxis : null;
    const biasValues = bias && this.plan.profile.quantizeBias ? floatValues(bias) : null;
    // A bias is counted in steps of inputScale · weightScale; where those are too fine for int32, widen them.
    const largestBias = biasValues?.reduce((most, b) => Math.max(most, Math.abs(b)), 0) ?? 0;
    const quantized = quantizeWeight(weight, axis, (channel) => {
      const most = axis === null ? largestBias : Math.abs(biasValues?.[channel] ?? 0);
      return most / inputScale / MAX_BIAS;
    });
    const scaleDims = axis === null ? [] : [quantized.scales.length];
    node.input[1] = this.dequantizedConstant(
      node,
      weight.name,
      { dims: quantized.dims, values: quantized.values },
      { dims: scaleDims, values: quantized.scales, zeros: new Int8Array(quantized.scales.length) },
      axis ?? undefined,
    );
    if (bias === null || biasValues === null || !isPerChannel(bias, quantized.dims, layer)) return;
    const scales = quantized.scales.map((s) => s * inputScale);
    const values = Int32Array.from(biasValues, (b, i) =>
      roundHalfEven(b / (scales[axis === null ? 0 : i] ?? 1)),
    );
    node.input[2] = this.dequantizedConstant(
      node,
      bias.name,
      { dims: bias.dims.map(Number), values },
      { dims: scaleDims, values: scales, zeros: new Int32Array(scales.length) },
      axis === null ? undefined : bias.dims.length - 1,
    );
  }

  quantizeLstm({ node, weight, recurrence }: Layer): void {
    if (weight === null || recurrence === null || !this.plan.profile.integerLstm) return;
    const perChannel = this.plan.weights === 'per-channel';
    this.graph.initializer.push(...makeIntegerLstm(node, weight, recurrence, perChannel, this.fresh));
  }

  /** Weights in int8, computing in float: onnxruntime has no integer GRU, and a lookup computes nothing. */
  storeWeights({ node, weight, recurrence }: Layer): void {
    if (weight === null || !this.plan.profile.storedWeights) return;
    const perChannel = this.plan.weights === 'per-channel';
    const stored =
      recurrence === null
        ? storeTable(node, weight, perChannel, this.fresh)
        : storeRecurrent(node, [weight, recurrence], perChannel, this.fresh);
    this.graph.initializer.push(...stored.constants);
    this.before.set(node, [...(this.before.get(node) ?? []), ...stored.before]);
    // What quantizes the result for others reads it, so it comes behind.
    this.after.set(node, [...stored.after, ...(this.after.get(node) ?? [])]);
  }

  finish(): void {
    this.graph.node = [
      ...this.first,
      ...this.graph.node.flatMap((n) => [...(this.before.get(n) ?? []), n, ...(this.after.get(n) ?? [])]),
    ];
  }

  private affineOf(tensor: string): Affine {
    const affine = this.plan.activations.get(tensor);
    if (affine !== undefined) return affine;
    throw new EngineError(
      'runtime',
      `Tensor ${tensor} never got a value during calibration, so it has no range.`,
      'Keep the layers that read it in float, or add samples that reach it.',
    );
  }

  private dequantizedActivation(tensor: string): string {
    const known = this.dequantized.get(tensor);
    if (known !== undefined) return known;
    const result = this.fresh(`${tensor}_dequantized`);
    this.dequantized.set(tensor, result);
    const pair = this.pair(tensor, tensor, result);
    const made = this.producer.get(tensor);
    if (made === undefined) this.first.push(...pair);
    else this.after.set(made, [...(this.after.get(made) ?? []), ...pair]);
    return result;
  }

  /** QuantizeLinear and DequantizeLinear from `from` to `to` on the grid of `tensor`. */
  private pair(tensor: string, from: string, to: string): NodeProto[] {
    const { scale, zeroPoint } = this.affineOf(tensor);
    const scaleName = this.fresh(`${tensor}_scale`);
    const zeroName = this.fresh(`${tensor}_zero_point`);
    const zero =
      this.plan.profile.activation.type === 'uint8' ? Uint8Array.of(zeroPoint) : Int8Array.of(zeroPoint);
    this.graph.initializer.push(
      makeTensor(scaleName, [], Float32Array.of(scale)),
      makeTensor(zeroName, [], zero),
    );
    const integer = this.fresh(`${tensor}_quantized`);
    return [
      makeNode(
        'QuantizeLinear',
        this.fresh(`${tensor}_QuantizeLinear`),
        [from, scaleName, zeroName],
        [integer],
      ),
      makeNode(
        'DequantizeLinear',
        this.fresh(`${tensor}_DequantizeLinear`),
        [integer, scaleName, zeroName],
        [to],
      ),
    ];
  }

  private dequantizedConstant(
    reader: NodeProto,
    name: string,
    tensor: { dims: number[]; values: Int8Array | Int32Array },
    scale: { dims: number[]; values: Float32Array; zeros: Int8Array | Int32Array },
    axis: number | undefined,
  ): string {
    const names = ['quantized', 'scale', 'zero_point', 'dequantized'].map((part) =>
      this.fresh(`${name}_${part}`),
    );
    const [quantized = '', scaleName = '', zeroName = '', result = ''] = names;
    this.graph.initializer.push(
      makeTensor(quantized, tensor.dims, tensor.values),
      makeTensor(scaleName, scale.dims, scale.values),
      makeTensor(zeroName, scale.dims, scale.zeros),
    );
    const node = makeNode(
      'DequantizeLinear',
      this.fresh(`${name}_DequantizeLinear`),
      [quantized, scaleName, zeroName],
      [result],
      axis === undefined ? {} : { axis },
    );
    this.before.set(reader, [...(this.before.get(reader) ?? []), node]);
    return result;
  }
}

/**
 * Whether the bias has one value for each output channel, along its last axis. Any other (Gemm broadcasts) cannot
 * share the weight's scales and stays float.
 */
function isPerChannel(bias: TensorProto, dims: readonly number[], { channelAxis }: Layer): boolean {
  const channels = channelAxis === null ? -1 : (dims[channelAxis] ?? -1);
  return elementCount(bias) === channels && Number(bias.dims.at(-1)) === channels;
}
