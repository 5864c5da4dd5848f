import type { GraphProto, NodeProto, TensorProto } from 'onnx-buf';
import { subgraphs } from './attributes';
import { readNames } from './scopes';

/** Who makes and who reads each tensor of a graph. A snapshot: make a new one after changing the graph. */
export interface GraphIndex {
  producer: Map<string, NodeProto>;
  /** Nodes of this graph that read the tensor, themselves or in a body they hold; once per node. */
  consumers: Map<string, NodeProto[]>;
  initializers: Map<string, TensorProto>;
  outputs: Set<string>;
}

/**
 * @param initializers what the graph's nodes can read as constants; a body of a normalized model may read those of
 *   the whole model
 */
export function indexGraph(
  graph: GraphProto,
  initializers: GraphIndex['initializers'] = new Map(graph.initializer.map((t) => [t.name, t])),
): GraphIndex {
  const producer = new Map<string, NodeProto>();
  const consumers = new Map<string, NodeProto[]>();
  for (const node of graph.node) {
    for (const name of node.output) if (name !== '') producer.set(name, node);
    for (const name of readNames(node)) {
      const list = consumers.get(name);
      if (list === undefined) consumers.set(name, [node]);
      else list.push(node);
    }
  }
  return {
    producer,
    consumers,
    initializers,
    outputs: new Set(graph.output.map((o) => o.name)),
  };
}

/** The only node that reads the tensor, if there is one and the tensor is no output of the graph. */
export function soleConsumer(index: GraphIndex, tensor: string): NodeProto | undefined {
  const consumers = index.consumers.get(tensor);
  return consumers?.length === 1 && !index.outputs.has(tensor) ? consumers[0] : undefined;
}

/** Hands out names that no tensor or node of the graph has. */
export function freshNames(graph: GraphProto): (wish: string) => string {
  const taken = new Set<string>();
  const collect = (g: GraphProto) => {
    for (const t of [...g.initializer, ...g.input, ...g.output]) taken.add(t.name);
    for (const { values } of g.sparseInitializer) if (values !== undefined) taken.add(values.name);
    for (const node of g.node) {
      taken.add(node.name);
      for (const name of [...node.input, ...node.output]) taken.add(name);
      subgraphs(node).forEach(collect);
    }
  };
  collect(graph);
  return (wish) => {
    let name = wish;
    for (let i = 1; taken.has(name); i++) name = `${wish}_${i}`;
    taken.add(name);
    return name;
  };
}
