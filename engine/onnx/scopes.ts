import type { GraphProto } from 'onnx-buf';
import { subgraphs } from './attributes';

/** The graph and every body within it (If, Loop, Scan, at any depth), outer ones first. */
export function graphsWithin(graph: GraphProto): GraphProto[] {
  const found = [graph];
  // The list grows while it is walked.
  for (const each of found)
    for (const node of each.node) for (const body of subgraphs(node)) found.push(body);
  return found;
}
