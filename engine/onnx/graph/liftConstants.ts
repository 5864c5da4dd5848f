import { clone } from '@bufbuild/protobuf';
import { TensorProtoSchema, type GraphProto, type NodeProto, type TensorProto } from 'onnx-buf';
import { attribute, subgraphs } from './attributes';
import { makeTensor } from '../tensors/elements';

/** The tensor that a Constant node holds; undefined for strings and sparse tensors, which stay nodes. */
export function constantTensor(node: NodeProto): TensorProto | undefined {
  const name = node.output[0] ?? '';
  const value = attribute(node, 'value');
  // A copy by spreading would lose the defaults of absent fields.
  if (value?.t !== undefined) return Object.assign(clone(TensorProtoSchema, value.t), { name });
  const float = attribute(node, 'value_float');
  if (float !== undefined) return makeTensor(name, [], Float32Array.of(float.f));
  const floats = attribute(node, 'value_floats');
  if (floats !== undefined) return makeTensor(name, [floats.floats.length], Float32Array.from(floats.floats));
  const int = attribute(node, 'value_int');
  if (int !== undefined) return makeTensor(name, [], BigInt64Array.of(int.i));
  const ints = attribute(node, 'value_ints');
  if (ints !== undefined) return makeTensor(name, [ints.ints.length], BigInt64Array.from(ints.ints));
  return undefined;
}

/**
 * Turns Constant nodes into initializers, in bodies too: quantizers and onnxruntime know weights by
 * being initializers. A constant that is itself an output of the graph stays a node.
 */
export function liftConstants(graph: GraphProto): void {
  const outputs = new Set(graph.output.map((o) => o.name));
  graph.node = graph.node.filter((node) => {
    subgraphs(node).forEach(liftConstants);
    const isConstant = node.opType === 'Constant' && (node.domain === '' || node.domain === 'ai.onnx');
    if (!isConstant || outputs.has(node.output[0] ?? '')) return true;
    const tensor = constantTensor(node);
    if (tensor === undefined) return true;
    graph.initializer.push(tensor);
    return false;
  });
}
