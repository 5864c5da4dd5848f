import { create } from '@bufbuild/protobuf';
import { OperatorSetIdProtoSchema, type GraphProto } from 'onnx-buf';
import { EngineError } from '../../shared/engineError';
import { convertOpset } from '../../onnx/opset/convertOpset';
import { copyModel } from '../../onnx/graph/copyModel';
import { dropStackTraces } from '../../onnx/graph/dropStackTraces';
import { dropUnusedInitializers } from '../../onnx/graph/dropUnusedInitializers';
import { constantsWithin } from '../../onnx/graph/constants';
import { freshNames } from '../../onnx/graph/graphIndex';
import { findLayers, type Layer } from '../../onnx/layers/layers';
import { opsetOf, type Model } from '../../onnx/graph/model';
import { findOperators } from '../../onnx/layers/operators';
import { graphsWithin } from '../../onnx/graph/scopes';
import { shareConstants } from '../../onnx/graph/shareConstants';
import { FloatCauses } from '../targets/floatCauses';
import { MAX_HALF, storeHalfWeights } from './halfWeights';
import { reachedOperators } from './integerOperators';
import { CONTRIB_DOMAIN } from './integerLstm';
import { keepWeightsFloat } from '../targets/keepWeightsFloat';
import { formOf } from './layerForms';
import { writesInteger, type QuantPlan } from '../plan';
import { QdqWriter } from './qdqWriter';
import { turnLastPools } from '../targets/moveFinalPooling';
import { weightBits, type WrittenWeight } from '../weightBits';
import type { WeightBits } from '../weights';

/**
 * Writes a plan into a copy of a normalized model as QuantizeLinear/DequantizeLinear pairs (QDQ): the form
 * that onnxruntime and TensorRT turn into integer kernels. Layers outside the plan read and write floats.
 * @throws EngineError `runtime` when the plan lacks a tensor of a planned layer: it never got a value
 */
export function rewriteQdq(original: Model, plan: QuantPlan): Model {
  return writeQdq(original, plan).model;
}

/**
 * As {@link rewriteQdq}, with the bits that the weights of each layer took in their bytes.
 * @throws EngineError as that does
 */
export function writeQdq(original: Model, plan: QuantPlan): { model: Model; bits: Map<string, WeightBits> } {
  const model = copyModel(original);
  raiseOpset(model, plan);
  const opset = opsetOf(model);
  const fresh = freshNames(model.graph);
  const all = findLayers(model.graph);
  const layers = all.filter((l) => plan.layers.has(l.name));
  const operators =
    plan.operators.size === 0
      ? []
      : reachedOperators(plan, layers, findOperators(model.graph, all, plan.profile.operators));
  const constants = constantsWithin(model.graph);
  const written = new Map<GraphProto, readonly WrittenWeight[]>();
  for (const graph of graphsWithin(model.graph)) {
    const own = layers.filter((l) => l.graph === graph);
    const between = operators.filter((o) => o.graph === graph);
    if (own.length + between.length === 0) continue;
    const writer = new QdqWriter(graph, constants, plan, opset, fresh);
    // Outputs first: a layer's quantized output is the next one's quantized input.
    for (const layer of own)
      if (writesInteger(layer, plan.grids.get(layer.name)))
        writer.quantizeOutput(layer.node, layer.tail, layer.output);
    for (const operator of between) writer.quantizeResult(operator);
    for (const layer of own) {
      const form = formOf(layer, plan);
      if (form === null) writer.quantizeInputs(layer);
      else writer.place(layer.node, form(layer, plan, opset, fresh));
    }
    for (const operator of between) writer.quantizeOperands(operator);
    writer.finish();
    written.set(graph, writer.weights);
    if (plan.profile.channelsLast && between.length > 0) turnLastPools(graph, model.graph, fresh);
  }
  for (const graph of graphsWithin(model.graph)) {
    keepWeightsFloat(graph, constantsWithin(model.graph), fresh);
    dropUnusedInitializers(graph);
  }
  const bits = widenFloatWeights(model.graph, written, layers, plan);
  shareConstants(model.graph);
  dropStackTraces(model.graph);
  storeHalves(model, all, plan);
  declareContribOperators(model);
  return { model, bits };
}

/**
 * Lets weights take all 8 bits where what stands around a layer keeps it in float: fewer are for integer products, which saturate.
 * @returns by layer, the bits of what is stored in bytes
 */
function widenFloatWeights(
  main: GraphProto,
  written: ReadonlyMap<GraphProto, readonly WrittenWeight[]>,
  layers: readonly Layer[],
  { profile, grids }: QuantPlan,
): Map<string, WeightBits> {
  const bits = new Map(
    layers.map((layer) => [layer.name, weightBits(layer, grids.get(layer.name) ?? 'int8', profile)]),
  );
  if (profile.weight.bits === 8) return bits;
  const causes = new FloatCauses(main, profile.limits);
  for (const [graph, weights] of written) {
    const { causeOf } = causes.inGraph(graph);
    for (const { layer, fill } of weights) {
      if (bits.get(layer.name) === 8 || causeOf(layer.node) === null) continue;
      fill(8);
      bits.set(layer.name, 8);
    }
  }
  return bits;
}

/** Integers of 4 and 16 bits are the default operators' only from operator set 21 on, and 4 bits a tensor's from IR 10. */
function raiseOpset(model: Model, { layers, grids }: QuantPlan): void {
  if (![...grids].some(([name, grid]) => layers.has(name) && (grid === 'int4' || grid === 'int16'))) return;
  convertOpset(model, 21);
  if (model.irVersion < 10n) model.irVersion = 10n;
}

/** Weights and biases of the layers that the plan wants as halves. */
function storeHalves(model: Model, layers: readonly Layer[], { halves }: QuantPlan): void {
  const wanted = new Map(
    layers
      .filter((l) => halves.has(l.name))
      .flatMap((l) =>
        [l.weight, l.recurrence, l.bias].flatMap((t) => (t === null ? [] : [[t.name, l.name] as const])),
      ),
  );
  if (wanted.size === 0) return;
  const [beyond] = storeHalfWeights(model, wanted).beyond;
  if (beyond === undefined) return;
  throw new EngineError(
    'bad-option',
    `Layer ${wanted.get(beyond) ?? ''} cannot be float16: its weight ${beyond} holds values beyond ${MAX_HALF}.`,
    'Keep it in float.',
  );
}

function declareContribOperators(model: Model): void {
  const used = graphsWithin(model.graph).some((g) => g.node.some((n) => n.domain === CONTRIB_DOMAIN));
  if (!used || model.opsetImport.some((o) => o.domain === CONTRIB_DOMAIN)) return;
  model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: CONTRIB_DOMAIN, version: 1n }));
}
