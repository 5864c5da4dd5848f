import type { GraphProto, TensorProto } from 'onnx-buf';
import type { GraphIndex } from './graphIndex';
import { graphsWithin } from './scopes';

/**
 * The name for what replaces a weight, which goes from the graph where nobody else reads it. It keeps its name where
 * it can: people know layers by it.
 */
export function replacementName(
  graph: GraphProto,
  weight: TensorProto,
  index: GraphIndex,
  fresh: (wish: string) => string,
): string {
  const shared = (index.consumers.get(weight.name)?.length ?? 0) > 1 || index.outputs.has(weight.name);
  const own = graph.initializer.indexOf(weight);
  if (shared || own < 0) return fresh(`${weight.name}_folded`);
  graph.initializer.splice(own, 1);
  return weight.name;
}

/** All constants that nodes of a normalized model can read. */
export function constantsWithin(main: GraphProto): Map<string, TensorProto> {
  return new Map(graphsWithin(main).flatMap((g) => g.initializer.map((t) => [t.name, t] as const)));
}
