import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ValueInfoProtoSchema,
  type FunctionProto,
  type OperatorSetIdProto,
} from 'onnx-buf';
import { freshNames } from '../graph/graphIndex';
import type { Model } from '../graph/model';
import { convertNodes } from './convertNodes';

function defaultSet(imports: readonly OperatorSetIdProto[]): OperatorSetIdProto | undefined {
  return imports.find(({ domain }) => domain === '' || domain === 'ai.onnx');
}

/** Raises the default operator set that a model-local function is written in, in place, as {@link convertOpset} does. */
export function convertFunction(made: FunctionProto, target: number): void {
  const set = defaultSet(made.opsetImport);
  if (set === undefined || Number(set.version) >= target) return;
  const declared = [...made.input, ...made.output].map((name) => create(ValueInfoProtoSchema, { name }));
  const fresh = freshNames(create(GraphProtoSchema, { node: made.node, input: declared }));
  convertNodes(made, Number(set.version), target, fresh);
  set.version = BigInt(target);
}

/**
 * Raises the default operator set of a model and of its functions to `target` (at most 21), in place. Outputs stay
 * the same. What is at `target` or newer already, or does not use the default set, is left as it is.
 * @throws EngineError `unsupported` for nodes without a newer form
 */
export function convertOpset(model: Model, target: number): void {
  for (const made of model.functions) convertFunction(made, target);
  const set = defaultSet(model.opsetImport);
  if (set === undefined || Number(set.version) >= target) return;
  convertNodes(model.graph, Number(set.version), target, freshNames(model.graph));
  set.version = BigInt(target);
}
