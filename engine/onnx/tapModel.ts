import { create } from '@bufbuild/protobuf';
import { ValueInfoProtoSchema } from 'onnx-buf';
import { encodeModel, type Model } from './model';

/** Encodes a copy of the model that hands out the given tensors too. The model itself is not changed. */
export function encodeWithTaps(model: Model, tensors: Iterable<string>): Uint8Array<ArrayBuffer> {
  const { graph } = model;
  const already = new Set([...graph.output, ...graph.input].map((o) => o.name));
  const taps = [...new Set(tensors)].filter((name) => !already.has(name));
  // onnxruntime infers the types of outputs that declare none.
  const output = [...graph.output, ...taps.map((name) => create(ValueInfoProtoSchema, { name }))];
  return encodeModel({ ...model, graph: { ...graph, output } });
}
