import type { GraphProto } from 'onnx-buf';
import { findBlocks } from './blocks';
import { constantsWithin } from '../graph/constants';
import { indexGraph } from '../graph/graphIndex';
import { graphsWithin } from '../graph/scopes';

/** HardSwish is 0 from here down. */
const HARD_SWISH_ZERO = -3;

/**
 * Least values that make a difference, by tensor: what only HardSwish reads may be clipped at −3, where the function
 * becomes 0 for good. A grid that begins there has finer steps for the rest.
 */
export function leastUsefulValues(main: GraphProto): Map<string, number> {
  const blocks = findBlocks(main).filter((block) => block.kind === 'HardSwish');
  const constants = constantsWithin(main);
  const found = new Map<string, number>();
  for (const graph of graphsWithin(main)) {
    const index = indexGraph(graph, constants);
    const named = new Map(graph.node.map((node) => [node.name, node]));
    for (const { nodes } of blocks) {
      const first = named.get(nodes[0] ?? '');
      const input = first?.input.find((name) => name !== '' && !constants.has(name));
      if (input === undefined || index.outputs.has(input)) continue;
      const readers = index.consumers.get(input) ?? [];
      if (readers.every((reader) => nodes.includes(reader.name))) found.set(input, HARD_SWISH_ZERO);
    }
  }
  return found;
}
