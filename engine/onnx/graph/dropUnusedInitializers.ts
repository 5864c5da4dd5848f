import type { GraphProto } from 'onnx-buf';
import { indexGraph } from './graphIndex';

/** Removes initializers that nothing reads any more. Those that are graph inputs too are part of the interface. */
export function dropUnusedInitializers(graph: GraphProto): void {
  const { consumers, outputs } = indexGraph(graph);
  const inputs = new Set(graph.input.map((i) => i.name));
  graph.initializer = graph.initializer.filter(
    (t) => consumers.has(t.name) || outputs.has(t.name) || inputs.has(t.name),
  );
}
