import type { GraphProto, NodeProto } from 'onnx-buf';
import { readNames } from './scopes';

/**
 * Puts the graph's nodes, in place, behind those that make what they read, as ONNX demands; nodes that are there
 * already stay where they are. Time and memory grow with the number of nodes and edges.
 * @returns nodes that wait for each other in a circle, one after the other; none when the graph is sorted now
 */
export function sortNodes(graph: GraphProto): NodeProto[] {
  const { node: nodes } = graph;
  const maker = new Map<string, number>();
  for (const [i, node] of nodes.entries()) for (const name of node.output) maker.set(name, i);
  const waitsFor = nodes.map((node) => [...readNames(node)].flatMap((name) => maker.get(name) ?? []));
  if (waitsFor.every((makers, i) => makers.every((m) => m < i))) return [];

  const done = new Uint8Array(nodes.length);
  const onPath = new Uint8Array(nodes.length);
  const sorted: number[] = [];
  for (let start = 0; start < nodes.length; start++) {
    // Depth first with a list of its own: a chain may be longer than the stack is deep.
    const path = done[start] === 1 ? [] : [{ at: start, next: 0 }];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      onPath[top.at] = 1;
      const next = waitsFor[top.at]?.[top.next++];
      if (next === undefined) {
        done[top.at] = 1;
        onPath[top.at] = 0;
        sorted.push(top.at);
        path.pop();
      } else if (onPath[next] === 1) {
        const circle = path.slice(path.findIndex((p) => p.at === next));
        return circle.flatMap(({ at }) => nodes[at] ?? []);
      } else if (done[next] === 0) {
        path.push({ at: next, next: 0 });
      }
    }
  }
  graph.node = sorted.flatMap((i) => nodes[i] ?? []);
  return [];
}
