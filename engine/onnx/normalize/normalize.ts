import { clone } from '@bufbuild/protobuf';
import { ModelProtoSchema, type GraphProto } from 'onnx-buf';
import { convertOpset } from '../opset/convertOpset';
import { dropUnusedInitializers } from '../graph/dropUnusedInitializers';
import { foldBeforeConv } from './foldBeforeConv';
import { foldIntoConv } from './foldIntoConv';
import { inlineFunctions } from './inlineFunctions';
import { liftConstants } from '../graph/liftConstants';
import type { Model } from '../graph/model';
import { nameNodes } from '../graph/nameNodes';
import { plainGemm } from './plainGemm';
import { removeNoOps } from './removeNoOps';
import { graphsWithin } from '../graph/scopes';
import { uniqueTensorNames } from '../graph/uniqueTensorNames';
import { widenFloats } from './widenFloats';

/** Per-channel DequantizeLinear exists from 13; 17 is what today's exporters write. */
const TARGET_OPSET = 17;
/** The IR version that goes with operator set 17. */
const TARGET_IR = 8n;

/**
 * The form that everything behind works on: a copy that computes in float32, with constants as initializers,
 * operator set 17 or newer, without Identity and Dropout, batch norm and other scalings folded into convolutions, and a name of its own for every
 * node and tensor, those in bodies included. Its outputs equal the original's up to rounding.
 * @throws EngineError `unsupported` when a node cannot be converted
 */
export function normalize(original: Model): Model {
  const copy = clone(ModelProtoSchema, original);
  const model: Model = Object.assign(copy, { graph: copy.graph ?? original.graph });
  const { graph } = model;
  nameNodes(model);
  // Before anything that looks tensors up by name: a body may give an outer tensor's name to one of its own.
  uniqueTensorNames(model);
  liftConstants(graph);
  // Before IR 4 every initializer was an input too; onnxruntime then takes it for changeable, not for a weight.
  const initializers = new Set(graph.initializer.map((t) => t.name));
  graph.input = graph.input.filter((i) => !initializers.has(i.name));
  widenFloats(model);
  convertOpset(model, TARGET_OPSET);
  inlineFunctions(model);
  // Only now, with what the functions brought.
  nameNodes(model);
  uniqueTensorNames(model);
  liftConstants(graph);
  removeNoOps(graph);
  plainGemm(graph);
  foldScalings(graph);
  if (model.irVersion < TARGET_IR) model.irVersion = TARGET_IR;
  return model;
}

/** Folds what scales and shifts channels into the convolutions around it, in place, in bodies too. */
export function foldScalings(main: GraphProto): void {
  const graphs = graphsWithin(main);
  for (const graph of graphs) {
    foldIntoConv(graph, main);
    foldBeforeConv(graph, main);
  }
  for (const graph of graphs) dropUnusedInitializers(graph);
}
