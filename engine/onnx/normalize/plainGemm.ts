import type { GraphProto, NodeProto } from 'onnx-buf';
import { dropAttribute, floatAttribute } from '../graph/attributes';
import { floatValues, isFloat, makeTensor } from '../tensors/elements';
import { freshNames } from '../graph/graphIndex';
import { graphsWithin } from '../graph/scopes';

/**
 * Moves Gemm's `alpha` and `beta` into its constant weight and bias: integer kernels know only the plain product.
 * Left alone where what they scale is not constant.
 */
export function plainGemm(main: GraphProto): void {
  const fresh = freshNames(main);
  const graphs = graphsWithin(main);
  const initializers = new Map(graphs.flatMap((g) => g.initializer.map((t) => [t.name, t] as const)));
  const scaled = (graph: GraphProto, node: NodeProto, index: number, attribute: string): void => {
    const factor = floatAttribute(node, attribute, 1);
    const tensor = initializers.get(node.input[index] ?? '');
    const absent = (node.input[index] ?? '') === '';
    if (factor !== 1 && !absent) {
      if (tensor === undefined || !isFloat(tensor)) return;
      const values = floatValues(tensor).map((v) => v * factor);
      const name = fresh(`${tensor.name}_scaled`);
      graph.initializer.push(makeTensor(name, tensor.dims.map(Number), new Float32Array(values)));
      node.input[index] = name;
    }
    dropAttribute(node, attribute);
  };
  for (const graph of graphs) {
    for (const node of graph.node) {
      if (node.opType !== 'Gemm' || (node.domain !== '' && node.domain !== 'ai.onnx')) continue;
      scaled(graph, node, 1, 'alpha');
      scaled(graph, node, 2, 'beta');
    }
  }
}
