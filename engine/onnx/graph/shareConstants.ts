import type { GraphProto, TensorProto } from 'onnx-buf';
import { graphsWithin } from './scopes';

/** Below so many bytes a constant costs no more than the trouble. */
const LEAST_BYTES = 1024;

/**
 * Keeps one of constants that hold the same, in the main graph where all bodies can read it, in place: two branches that read
 * one weight of a float model would each carry their own integers of it.
 * @param main a graph in which no two tensors share a name, bodies included
 */
export function shareConstants(main: GraphProto): void {
  const kept = new Map<string, { tensor: TensorProto; graph: GraphProto }[]>();
  const renamed = new Map<string, string>();
  for (const graph of graphsWithin(main)) {
    const bound = new Set([...graph.input, ...graph.output].map((v) => v.name));
    graph.initializer = graph.initializer.filter((tensor) => {
      if (bound.has(tensor.name) || tensor.rawData.length < LEAST_BYTES) return true;
      const key = [tensor.dataType, tensor.rawData.length, ...tensor.dims].join();
      const alike = kept.get(key) ?? [];
      kept.set(key, alike);
      const same = alike.find((k) => Buffer.compare(k.tensor.rawData, tensor.rawData) === 0);
      if (same === undefined) {
        alike.push({ tensor, graph });
        return true;
      }
      renamed.set(tensor.name, same.tensor.name);
      if (same.graph !== main && same.graph !== graph) {
        same.graph.initializer = same.graph.initializer.filter((t) => t !== same.tensor);
        main.initializer.push(same.tensor);
        same.graph = main;
      }
      return false;
    });
  }
  if (renamed.size === 0) return;
  for (const graph of graphsWithin(main))
    for (const node of graph.node) node.input = node.input.map((name) => renamed.get(name) ?? name);
}
