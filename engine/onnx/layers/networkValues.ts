import type { GraphProto } from 'onnx-buf';
import { subgraphs } from '../graph/attributes';
import { graphsWithin } from '../graph/scopes';
import { tensorKinds } from './tensorKinds';

/** These answer what a tensor looks like, not what it holds. */
const readsShape = new Set(['Shape', 'Size']);

/**
 * Float tensors that carry the network's values, bodies included: what is computed from the model's float inputs. Floats
 * that only come of shapes and constants, such as the factors of a Resize, are none.
 * @param main a normalized graph, in which no two tensors share a name
 */
export function networkValues(main: GraphProto): Set<string> {
  const kinds = tensorKinds(main);
  const constants = new Set(graphsWithin(main).flatMap((g) => g.initializer.map((t) => t.name)));
  const values = new Set<string>();
  const mark = (name: string) => {
    if (name !== '' && kinds.get(name) === 'float' && !constants.has(name)) values.add(name);
  };
  const walk = (graph: GraphProto, isMain: boolean) => {
    for (const { name } of graph.input) if (isMain || kinds.get(name) === 'float') mark(name);
    for (const node of graph.node) {
      const bodies = subgraphs(node);
      for (const body of bodies) walk(body, false);
      if (readsShape.has(node.opType)) continue;
      const reads =
        node.input.some((name) => values.has(name)) ||
        bodies.some((body) => body.output.some((output) => values.has(output.name))) ||
        // An embedding is looked up by numbers, and is what the network begins with.
        (node.opType === 'Gather' &&
          constants.has(node.input[0] ?? '') &&
          !constants.has(node.input[1] ?? ''));
      if (reads) node.output.forEach(mark);
    }
  };
  walk(main, true);
  return values;
}
