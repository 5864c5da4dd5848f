import type { GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto } from 'onnx-buf';

/** Every tensor that a model holds, wherever: initializers, sparse ones, attributes, bodies, functions, training. */
export function allTensors(model: ModelProto): TensorProto[] {
  const found: TensorProto[] = [];
  const sparse = (list: readonly (SparseTensorProto | undefined)[]) => {
    for (const each of list) {
      if (each?.values !== undefined) found.push(each.values);
      if (each?.indices !== undefined) found.push(each.indices);
    }
  };
  // A list that grows while it is walked: bodies may nest deeper than the stack.
  const graphs: GraphProto[] = [];
  const nodes = (list: readonly NodeProto[]) => {
    for (const { attribute } of list) {
      for (const a of attribute) {
        if (a.t !== undefined) found.push(a.t);
        found.push(...a.tensors);
        sparse([a.sparseTensor, ...a.sparseTensors]);
        if (a.g !== undefined) graphs.push(a.g);
        graphs.push(...a.graphs);
      }
    }
  };
  for (const graph of [model.graph, ...model.trainingInfo.flatMap((t) => [t.initialization, t.algorithm])]) {
    if (graph !== undefined) graphs.push(graph);
  }
  for (const { node } of model.functions) nodes(node);
  for (const graph of graphs) {
    for (const tensor of graph.initializer) found.push(tensor);
    sparse(graph.sparseInitializer);
    nodes(graph.node);
  }
  return found;
}
