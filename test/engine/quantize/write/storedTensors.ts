import type { TensorProto } from 'onnx-buf';
import { elementTypeName } from '../../../../engine/onnx/tensors/elements';
import type { Model } from '../../../../engine/onnx/graph/model';
import { runNodes } from '../../runtime/runNodes';

export function initializer(model: Model, name: string): TensorProto {
  const found = model.graph.initializer.find((t) => t.name === name);
  if (found === undefined) throw new Error(`no initializer ${name}`);
  return found;
}

/** The numbers of a quantized tensor as the file holds them, by the type that it declares. */
export function stored(model: Model, name: string): number[] {
  const tensor = initializer(model, name);
  const bytes = tensor.rawData.slice().buffer;
  switch (elementTypeName(tensor.dataType)) {
    case 'float':
      return [...new Float32Array(bytes)];
    case 'int8':
      return [...new Int8Array(bytes)];
    case 'uint8':
      return [...new Uint8Array(bytes)];
    case 'int32':
      return [...new Int32Array(bytes)];
    default:
      throw new Error(`${name} is no quantized tensor`);
  }
}

/** What onnxruntime runs of a model, conversions left out: `QLinearConv integer`. */
export async function nodesOf(model: Model): Promise<string[]> {
  const nodes = await runNodes(model);
  return nodes.filter((n) => n.kind !== 'conversion').map((n) => `${n.opType} ${n.kind}`);
}
