import type { GraphProto } from 'onnx-buf';
import { subgraphs } from './attributes';
import { definedNames } from './scopes';

/**
 * Renames a tensor where it is made and wherever it is read, in bodies too, but not in the graph's own list of
 * inputs and outputs.
 */
export function renameTensor(graph: GraphProto, from: string, to: string): void {
  const renamed = (names: string[]) => names.map((name) => (name === from ? to : name));
  for (const made of [...graph.initializer, ...graph.sparseInitializer.map((s) => s.values)]) {
    if (made?.name === from) made.name = to;
  }
  for (const info of graph.valueInfo) if (info.name === from) info.name = to;
  for (const node of graph.node) {
    if (node.input.includes(from)) node.input = renamed(node.input);
    if (node.output.includes(from)) node.output = renamed(node.output);
    for (const body of subgraphs(node)) {
      // There the name is another tensor's.
      if (definedNames(body).has(from)) continue;
      renameTensor(body, from, to);
      for (const output of body.output) if (output.name === from) output.name = to;
    }
  }
}
