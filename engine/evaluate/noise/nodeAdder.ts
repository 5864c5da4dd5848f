import type { GraphProto } from 'onnx-buf';
import { makeNode, setInts } from '../../onnx/graph/attributes';
import { makeTensor } from '../../onnx/tensors/elements';

/** Adds nodes to a graph that measure its tensors. */
export interface NodeAdder {
  /** Answers the name of the node's only result. */
  node: (
    opType: string,
    inputs: string[],
    attributes?: Record<string, number | string>,
    lists?: Record<string, readonly number[]>,
  ) => string;
  /** A list of whole numbers: axes, shapes. */
  integers: (values: readonly number[]) => string;
  constant: (dims: readonly number[], values: Float32Array) => string;
}

/** @param stem what the new names begin with */
export function nodeAdder(graph: GraphProto, stem: string, fresh: (wish: string) => string): NodeAdder {
  const constant = (dims: readonly number[], values: Float32Array | BigInt64Array) => {
    const tensor = makeTensor(fresh(`${stem}_constant`), dims, values);
    graph.initializer.push(tensor);
    return tensor.name;
  };
  return {
    node: (opType, inputs, attributes = {}, lists = {}) => {
      const result = fresh(`${stem}_${opType}`);
      const made = makeNode(opType, result, inputs, [result], attributes);
      for (const [name, values] of Object.entries(lists)) setInts(made, name, values.map(BigInt));
      graph.node.push(made);
      return result;
    },
    integers: (values) => constant([values.length], BigInt64Array.from(values, BigInt)),
    constant,
  };
}
