import type { GraphProto, NodeProto } from 'onnx-buf';
import { graphsWithin } from '../graph/scopes';

function isDefaultDomain({ domain }: NodeProto): boolean {
  return domain === '' || domain === 'ai.onnx';
}

/** The tensor that a node hands on as it is, if that is all it does at inference (from operator set 12 on). */
function handedOn(node: NodeProto, used: ReadonlySet<string>): [from: string, to: string] | undefined {
  const [x = '', , training = ''] = node.input;
  const [y = '', mask = ''] = node.output;
  if (!isDefaultDomain(node) || x === '' || y === '') return undefined;
  if (node.opType === 'Identity') return [x, y];
  // Where training_mode is given, it may be on.
  if (node.opType === 'Dropout' && training === '' && (mask === '' || !used.has(mask))) return [x, y];
  return undefined;
}

/**
 * Removes Identity and Dropout, in bodies too: what reads their output reads their input. One that makes an output
 * of its graph stays, since outputs keep their names. Every tensor must have a name of its own.
 */
export function removeNoOps(main: GraphProto): void {
  const graphs = graphsWithin(main);
  const outputs = new Set(graphs.flatMap((g) => g.output.map((o) => o.name)));
  const used = new Set([...outputs, ...graphs.flatMap((g) => g.node.flatMap((n) => n.input))]);
  const source = new Map<string, string>();
  for (const graph of graphs) {
    graph.node = graph.node.filter((node) => {
      const [from, to] = handedOn(node, used) ?? [];
      if (from === undefined || to === undefined || outputs.has(to)) return true;
      source.set(to, from);
      return false;
    });
  }
  if (source.size === 0) return;
  const first = (name: string): string => {
    let found = name;
    // Nodes are sorted and tensors made once, so the chain ends.
    for (let next = source.get(found); next !== undefined; next = source.get(found)) found = next;
    return found;
  };
  for (const graph of graphs) for (const node of graph.node) node.input = node.input.map(first);
}
