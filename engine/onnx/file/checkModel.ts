import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ValueInfoProtoSchema,
  type FunctionProto,
  type GraphProto,
  type NodeProto,
} from 'onnx-buf';
import { EngineError } from '../../shared/engineError';
import { subgraphs } from '../graph/attributes';
import { checkFunctions } from './checkFunctions';
import { checkTensor } from './checkTensor';
import { isUtf8 } from './losslessStrings';
import type { Model } from '../graph/model';
import { sortNodes } from '../graph/sortNodes';

/** Tensor names of one graph. Bodies nest at most 33 deep: protobuf's own limit is 100 messages in one another. */
type Scope = ReadonlySet<string>;

const damaged = 'The file is damaged or its exporter has an error; export the model again.';

function bad(message: string, hint = damaged): EngineError {
  return new EngineError('bad-model', message, hint);
}

/** What errors call a node: its name, or what it makes where it has none. */
function nodeText(node: NodeProto): string {
  const name = node.name === '' ? (node.output.find((o) => o !== '') ?? '') : node.name;
  return `${name === '' ? 'without a name' : name} (${node.opType})`;
}

function checkText(name: string, what: string): void {
  if (!isUtf8(name)) throw bad(`The ${what} “${name}” is not UTF-8 text.`, 'Rename it, or export again.');
}

/** Names that the graph itself defines, each once. */
function definitions(graph: GraphProto, where: string): Set<string> {
  const names = new Set<string>();
  const define = (name: string, what: string) => {
    checkText(name, 'tensor name');
    if (names.has(name)) throw bad(`${what} makes the tensor ${name} of ${where} a second time.`);
    names.add(name);
  };
  for (const { name } of graph.input) define(name, 'An input');
  const inputs = new Set(names);
  const sparse = graph.sparseInitializer.flatMap((s) => s.values ?? []);
  for (const tensor of [...graph.initializer, ...sparse]) {
    // Before IR 4 every initializer was an input too.
    if (!inputs.delete(tensor.name)) define(tensor.name, 'An initializer');
    checkTensor(tensor, `Initializer ${tensor.name}`);
  }
  for (const node of graph.node) {
    for (const name of node.output) if (name !== '') define(name, `Node ${nodeText(node)}`);
  }
  return names;
}

function checkNode(node: NodeProto, known: (name: string) => boolean): void {
  if (node.opType === '') throw bad(`Node ${nodeText(node)} names no operator.`);
  checkText(node.opType, 'operator');
  for (const name of node.input) {
    if (name !== '' && !known(name)) {
      throw bad(`Node ${nodeText(node)} reads the tensor ${name}, which nothing makes.`);
    }
  }
  for (const { name, t, tensors } of node.attribute) {
    for (const tensor of t === undefined ? tensors : [t, ...tensors]) {
      checkTensor(tensor, `Attribute ${name} of node ${nodeText(node)}`);
    }
  }
}

function checkSorted(graph: GraphProto): void {
  const circle = sortNodes(graph);
  if (circle.length === 0) return;
  const some = circle.slice(0, 4).map(nodeText).join(', ');
  throw bad(
    `${circle.length} nodes of the graph wait for each other in a circle: ${some}${circle.length > 4 ? ', …' : ''}.`,
  );
}

/** Checks one graph and all within it. `outer` are the names that a body may read from around it. */
function checkGraphs(graph: GraphProto, outer: readonly Scope[], where: string): void {
  const todo = [{ graph, outer, where }];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const scopes = [definitions(next.graph, next.where), ...next.outer];
    const known = (name: string) => scopes.some((scope) => scope.has(name));
    for (const node of next.graph.node) {
      checkNode(node, known);
      for (const body of subgraphs(node)) {
        todo.push({ graph: body, outer: scopes, where: `a body of node ${nodeText(node)}` });
      }
    }
    for (const { name } of next.graph.output) {
      if (!known(name)) throw bad(`Nothing makes the output ${name} of ${next.where}.`);
    }
    checkSorted(next.graph);
  }
}

/** A function's body as the graph that it would be. */
function graphOf({ node, input, output }: FunctionProto): GraphProto {
  const info = (name: string) => create(ValueInfoProtoSchema, { name });
  return create(GraphProtoSchema, { node, input: input.map(info), output: output.map(info) });
}

/**
 * Checks, in time that grows with the file, what everything behind takes for granted: every tensor is made once
 * and before it is read, tensors hold the values that their shapes promise, operators have names, and functions
 * end. Nodes in a wrong order are put, in place, into the right one.
 * @throws EngineError `bad-model` that names the node or tensor
 */
export function checkModel(model: Model): void {
  if (model.graph.output.length === 0)
    throw bad(
      'The graph has no outputs: nothing that it computes is handed out.',
      'Name an output as you export it.',
    );
  checkGraphs(model.graph, [], 'the graph');
  for (const each of model.functions) {
    const body = graphOf(each);
    checkGraphs(body, [], `function ${each.name}`);
    each.node = body.node;
  }
  checkFunctions(model);
}
