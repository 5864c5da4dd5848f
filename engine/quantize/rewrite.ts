import { clone, create } from '@bufbuild/protobuf';
import { ModelProtoSchema, OperatorSetIdProtoSchema } from 'onnx-buf';
import { dropUnusedInitializers } from '../onnx/dropUnusedInitializers';
import { constantsWithin } from '../onnx/foldIntoConv';
import { freshNames } from '../onnx/graphIndex';
import { findLayers } from '../onnx/layers';
import type { Model } from '../onnx/model';
import { findOperators } from '../onnx/operators';
import { graphsWithin } from '../onnx/scopes';
import { reachedOperators } from './integerOperators';
import { CONTRIB_DOMAIN } from './integerLstm';
import { formOf } from './layerForms';
import { writesInteger, type QuantPlan } from './plan';
import { QdqWriter } from './qdqWriter';

/**
 * Writes a plan into a copy of a normalized model as QuantizeLinear/DequantizeLinear pairs (QDQ): the form
 * that onnxruntime and TensorRT turn into integer kernels. Layers outside the plan read and write floats.
 * @throws EngineError `runtime` when the plan lacks a tensor of a planned layer: it never got a value
 */
export function rewriteQdq(original: Model, plan: QuantPlan): Model {
  const copy = clone(ModelProtoSchema, original);
  const model: Model = Object.assign(copy, { graph: copy.graph ?? original.graph });
  const fresh = freshNames(model.graph);
  const all = findLayers(model.graph);
  const layers = all.filter((l) => plan.layers.has(l.name));
  const operators =
    plan.operators.size === 0
      ? []
      : reachedOperators(plan, layers, findOperators(model.graph, all, plan.profile.operators));
  const constants = constantsWithin(model.graph);
  for (const graph of graphsWithin(model.graph)) {
    const own = layers.filter((l) => l.graph === graph);
    const between = operators.filter((o) => o.graph === graph);
    if (own.length + between.length === 0) continue;
    const writer = new QdqWriter(graph, constants, plan, fresh);
    // Outputs first: a layer's quantized output is the next one's quantized input.
    for (const layer of own)
      if (writesInteger(layer)) writer.quantizeOutput(layer.node, layer.tail, layer.output);
    for (const operator of between) writer.quantizeResult(operator);
    for (const layer of own) {
      const form = formOf(layer);
      if (form === null) writer.quantizeInputs(layer);
      else writer.place(layer.node, form(layer, plan, fresh));
    }
    for (const operator of between) writer.quantizeOperands(operator);
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
