import { create } from '@bufbuild/protobuf';
import {
  TensorProto_DataType as T,
  TensorProtoSchema,
  type GraphProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { subgraphs } from '../../../engine/onnx/graph/attributes';
import { floatValues } from '../../../engine/onnx/tensors/elements';
import { numberToHalf } from '../../../engine/onnx/tensors/float16';
import type { Model } from '../../../engine/onnx/graph/model';

/** The upper 16 bits of a float32, rounded to even. */
export function bfloat16Bits(value: number): number {
  const [bits = 0] = new Uint32Array(Float32Array.of(value).buffer);
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function narrowTensor(tensor: TensorProto, type: T, raw: boolean): TensorProto {
  if (tensor.dataType !== (T.FLOAT as number)) return tensor;
  const { name, dims } = tensor;
  const values = floatValues(tensor);
  const words = type === T.DOUBLE ? [] : Array.from(values, type === T.FLOAT16 ? numberToHalf : bfloat16Bits);
  const data =
    type === T.DOUBLE
      ? raw
        ? { rawData: new Uint8Array(Float64Array.from(values).buffer) }
        : { doubleData: Array.from(values) }
      : raw
        ? { rawData: new Uint8Array(Uint16Array.from(words).buffer) }
        : { int32Data: words };
  return create(TensorProtoSchema, { name, dims, dataType: type, ...data });
}

function narrowInfo(info: ValueInfoProto, type: T): void {
  const kind = info.type?.value;
  if (kind?.case === 'tensorType' && kind.value.elemType === (T.FLOAT as number)) kind.value.elemType = type;
}

function narrowGraph(graph: GraphProto, type: T, raw: boolean): void {
  graph.initializer = graph.initializer.map((t) => narrowTensor(t, type, raw));
  for (const info of [...graph.input, ...graph.output, ...graph.valueInfo]) narrowInfo(info, type);
  for (const node of graph.node) {
    for (const a of node.attribute) if (a.t !== undefined) a.t = narrowTensor(a.t, type, raw);
    for (const a of node.attribute) if (node.opType === 'Cast' && a.i === BigInt(T.FLOAT)) a.i = BigInt(type);
    for (const body of subgraphs(node)) narrowGraph(body, type, raw);
  }
}

/** Turns a float32 model into one of another float type, in place, as a converter for small devices does. */
export function narrowModel(model: Model, type: T, raw = true): Model {
  if (type !== T.FLOAT) narrowGraph(model.graph, type, raw);
  return model;
}
