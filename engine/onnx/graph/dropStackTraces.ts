import type { GraphProto } from 'onnx-buf';
import { graphsWithin } from './scopes';

/**
 * Removes what exporters write down of the program at each node, in place: PyTorch's stack traces, in the metadata or, from
 * older ones, the doc string. They can be a fifth of a small model's file, and tell the paths of who exported it.
 */
export function dropStackTraces(main: GraphProto): void {
  for (const graph of graphsWithin(main))
    for (const node of graph.node) {
      node.docString = '';
      node.metadataProps = node.metadataProps.filter(({ key }) => !key.endsWith('stack_trace'));
    }
}
