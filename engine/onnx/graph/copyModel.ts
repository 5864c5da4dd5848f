import { clone } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import type { Model } from './model';
import { graphsWithin } from './scopes';

/**
 * A copy of a model whose graph may be changed: nodes, lists and declarations are its own, and the tensors of initializers,
 * which nothing writes into, are shared, so that weights are not copied.
 */
export function copyModel(original: Model): Model {
  const graphs = graphsWithin(original.graph);
  const weights = graphs.map((g) => g.initializer);
  try {
    for (const graph of graphs) graph.initializer = [];
    const copy = clone(ModelProtoSchema, original);
    const model: Model = Object.assign(copy, { graph: copy.graph ?? original.graph });
    graphsWithin(model.graph).forEach((graph, i) => {
      graph.initializer = [...(weights[i] ?? [])];
    });
    return model;
  } finally {
    graphs.forEach((graph, i) => {
      graph.initializer = weights[i] ?? [];
    });
  }
}
