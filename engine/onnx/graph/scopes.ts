import type { GraphProto, NodeProto } from 'onnx-buf';
import { subgraphs } from './attributes';

/** The graph and every body within it (If, Loop, Scan, at any depth), outer ones first. */
export function graphsWithin(graph: GraphProto): GraphProto[] {
  const found = [graph];
  // The list grows while it is walked.
  for (const each of found)
    for (const node of each.node) for (const body of subgraphs(node)) found.push(body);
  return found;
}

/** Names of tensors that the graph itself defines: inputs, initializers and what its nodes make. */
export function definedNames(graph: GraphProto): Set<string> {
  const names = new Set<string>();
  for (const { name } of graph.input) names.add(name);
  for (const { name } of graph.initializer) names.add(name);
  for (const { values } of graph.sparseInitializer) names.add(values?.name ?? '');
  for (const node of graph.node) for (const name of node.output) names.add(name);
  names.delete('');
  return names;
}

/**
 * Names that a node reads of the graph that it stands in: its inputs, and what its bodies read or hand out without
 * defining it themselves. A name that a body defines is the body's own there, whatever it means outside (onnx IR.md,
 * "Names Within a Graph"). Protobuf bounds how deep bodies nest.
 */
export function readNames(node: NodeProto): Set<string> {
  const names = new Set(node.input);
  for (const body of subgraphs(node)) {
    const own = definedNames(body);
    const add = (name: string) => {
      if (!own.has(name)) names.add(name);
    };
    for (const inner of body.node) readNames(inner).forEach(add);
    for (const { name } of body.output) add(name);
  }
  names.delete('');
  return names;
}
