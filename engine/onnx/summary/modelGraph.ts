import type { GraphProto, NodeProto } from 'onnx-buf';
import type {
  GraphEdge,
  GraphNode,
  ModelGraph,
  ModelSummary,
  TensorShape,
} from '../../shared/protocol/model';
import { subgraphs } from '../graph/attributes';
import { groupNodes } from './groupNodes';
import { findLayers } from '../layers/layers';
import { graphsWithin } from '../graph/scopes';
import { tensorShape } from './summarize';

/**
 * The network to draw: nodes of a normalized graph and of the bodies in it, with the model's inputs and outputs. A body
 * reads what it reads from outside; what leaves it goes to the node that holds it.
 */
export function modelGraph(main: GraphProto, { hash, blocks }: ModelSummary): ModelGraph {
  const graphs = graphsWithin(main);
  const protos = graphs.flatMap((graph) => graph.node);
  const layerOf = new Map<NodeProto, string>();
  for (const { name, node, tail } of findLayers(main))
    for (const part of [node, ...tail]) layerOf.set(part, name);

  const constants = new Set(graphs.flatMap((graph) => graph.initializer.map((t) => t.name)));
  const inputs = main.input.filter(({ name }) => !constants.has(name)).map((info) => info.name);
  const nodes: GraphNode[] = [
    ...inputs.map((name) => ({ name, kind: 'input' as const, opType: '', layer: null, group: null })),
    ...protos.map((node) => ({
      name: node.name,
      kind: 'operator' as const,
      opType: node.opType,
      layer: layerOf.get(node) ?? null,
      group: null,
    })),
    ...main.output.map(({ name }) => ({
      name,
      kind: 'output' as const,
      opType: '',
      layer: null,
      group: null,
    })),
  ];

  const maker = new Map(inputs.map((name, i) => [name, i]));
  protos.forEach((node, i) => {
    for (const name of node.output) if (name !== '') maker.set(name, inputs.length + i);
  });
  const shapes = new Map<string, TensorShape['dims']>();
  for (const { valueInfo, input, output } of graphs)
    for (const info of [...valueInfo, ...input, ...output]) shapes.set(info.name, tensorShape(info).dims);

  const edges: GraphEdge[] = [];
  const read = (tensors: Iterable<string>, to: number): void => {
    for (const tensor of new Set(tensors)) {
      const from = maker.get(tensor);
      if (from !== undefined && from !== to)
        edges.push({ from, to, tensor, dims: shapes.get(tensor) ?? null });
    }
  };
  protos.forEach((node, i) => {
    const leaving = subgraphs(node).flatMap((body) => body.output.map((o) => o.name));
    read([...node.input, ...leaving], inputs.length + i);
  });
  main.output.forEach(({ name }, i) => read([name], inputs.length + protos.length + i));
  return { hash, ...groupNodes(nodes, blocks), edges };
}
