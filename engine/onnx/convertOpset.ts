import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  type FunctionProto,
  type GraphProto,
  type NodeProto,
  type OperatorSetIdProto,
  type TensorProto,
} from 'onnx-buf';
import { attribute, makeNode, subgraphs } from './attributes';
import { floatValues, isFloat, makeTensor } from './elements';
import { freshNames } from './graphIndex';
import type { Model } from './model';
import type { Step } from './opset/rewriter';
import { steps1to7 } from './opset/steps1to7';
import { steps8to17 } from './opset/steps8to17';

const steps = [...steps1to7, ...steps8to17];

/** Where nodes stand: what they may read, and how a constant is added for them. */
interface Scope {
  tensor: (name: string) => TensorProto | undefined;
  addConstant: (tensor: TensorProto, nodes: NodeProto[]) => void;
}

function isDefault({ domain }: { domain: string }): boolean {
  return domain === '' || domain === 'ai.onnx';
}

function convertNodes(
  source: readonly NodeProto[],
  changed: Record<string, Step>,
  fresh: (wish: string) => string,
  scope: Scope,
): NodeProto[] {
  const nodes: NodeProto[] = [];
  for (const node of source) {
    for (const body of subgraphs(node)) convertGraph(body, changed, fresh, scope);
    const step = isDefault(node) && Object.hasOwn(changed, node.opType) ? changed[node.opType] : undefined;
    const after: NodeProto[] = [];
    step?.(node, {
      fresh,
      constant: (wish, dims, values) => {
        const name = fresh(wish);
        scope.addConstant(makeTensor(name, dims, values), nodes);
        return name;
      },
      floats: (name) => {
        const found = scope.tensor(name);
        return found !== undefined && isFloat(found) ? floatValues(found) : undefined;
      },
      before: (n) => nodes.push(n),
      after: (n) => after.push(n),
    });
    nodes.push(node, ...after);
  }
  return nodes;
}

function convertGraph(
  graph: GraphProto,
  changed: Record<string, Step>,
  fresh: (wish: string) => string,
  outer: Scope | undefined,
): void {
  const initializers = new Map(graph.initializer.map((t) => [t.name, t]));
  graph.node = convertNodes(graph.node, changed, fresh, {
    tensor: (name) => initializers.get(name) ?? outer?.tensor(name),
    addConstant: (tensor) => graph.initializer.push(tensor),
  });
}

function versionOf(imports: readonly OperatorSetIdProto[]): number | undefined {
  const entry = imports.find(isDefault);
  return entry === undefined ? undefined : Number(entry.version);
}

function setVersion(imports: readonly OperatorSetIdProto[], version: number): void {
  for (const entry of imports) if (isDefault(entry)) entry.version = BigInt(version);
}

/** Functions have no initializers; their constants are nodes. */
function convertFunction(called: FunctionProto, target: number): void {
  const from = versionOf(called.opsetImport);
  if (from === undefined || from >= target) return;
  const names = create(GraphProtoSchema, { node: called.node });
  const fresh = freshNames(names);
  const constantOf = (name: string) => {
    const node = called.node.find((n) => n.opType === 'Constant' && n.output[0] === name);
    return node && attribute(node, 'value')?.t;
  };
  const addConstant = (tensor: TensorProto, nodes: NodeProto[]) => {
    const node = makeNode('Constant', fresh(`${tensor.name}_node`), [], [tensor.name]);
    const type = AttributeProto_AttributeType.TENSOR;
    node.attribute.push(create(AttributeProtoSchema, { name: 'value', type, t: tensor }));
    nodes.push(node);
  };
  for (const [since, changed] of steps) {
    if (from >= since || since > target) continue;
    called.node = convertNodes(called.node, changed, fresh, { tensor: constantOf, addConstant });
  }
  setVersion(called.opsetImport, target);
}

/**
 * Raises the default operator set to `target` (at most 17), in place, in bodies and model-local functions too.
 * Outputs stay the same. What is already at `target` or newer is left as it is.
 * @throws EngineError `unsupported` for nodes without a newer form
 */
export function convertOpset(model: Model, target: number): void {
  for (const called of model.functions) convertFunction(called, target);
  const from = versionOf(model.opsetImport);
  if (from === undefined || from >= target) return;
  const fresh = freshNames(model.graph);
  for (const [since, changed] of steps) {
    if (from < since && since <= target) convertGraph(model.graph, changed, fresh, undefined);
  }
  setVersion(model.opsetImport, target);
}
