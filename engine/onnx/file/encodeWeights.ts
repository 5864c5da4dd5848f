import { create, toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { GraphProtoSchema, ModelProtoSchema, TensorProtoSchema, type TensorProto } from 'onnx-buf';
import type { Model } from '../graph/model';

/** A tensor's smaller values are left to protobuf's writer. */
const LEAST_BYTES = 1024;

/**
 * What protobuf's `toBinary` writes, byte for byte, with each weight copied once: that copies it again for every message
 * around it, and each time that its memory grows.
 */
export function joinedBytes(model: Model): Uint8Array<ArrayBuffer> {
  const { graph } = ModelProtoSchema.field;
  const { initializer } = GraphProtoSchema.field;
  const weights = model.graph.initializer.flatMap((tensor) =>
    field(initializer.number, tensorPieces(tensor)),
  );
  const inGraph = around(GraphProtoSchema, model.graph, initializer.number, weights);
  return join(around(ModelProtoSchema, model, graph.number, field(graph.number, inGraph)));
}

function tensorPieces(tensor: TensorProto): Uint8Array[] {
  if (tensor.rawData.length < LEAST_BYTES) return [toBinary(TensorProtoSchema, tensor)];
  const { number } = TensorProtoSchema.field.rawData;
  return around(TensorProtoSchema, tensor, number, field(number, [tensor.rawData]));
}

/** A message of which one field is written already; fields come in the order of their numbers, and unknown ones last. */
function around<D extends DescMessage>(
  schema: D,
  message: MessageShape<D>,
  number: number,
  written: readonly Uint8Array[],
): Uint8Array[] {
  const [before, after] = [create(schema), create(schema)];
  for (const { localName, number: own } of schema.fields) {
    if (own !== number && Object.hasOwn(message, localName))
      Reflect.set(own < number ? before : after, localName, Reflect.get(message, localName));
  }
  if (message.$unknown !== undefined) after.$unknown = message.$unknown;
  return [toBinary(schema, before), ...written, toBinary(schema, after)];
}

/** A field with its head. */
function field(number: number, content: readonly Uint8Array[]): Uint8Array[] {
  const head = new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(lengthOf(content));
  return [head.finish(), ...content];
}

function join(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((n, { length }) => n + length, 0);
}
