import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { TensorProto_DataType as T, TensorProtoSchema, type TensorProto } from 'onnx-buf';
import { errorText } from '../../shared/engineError';
import { countMessages } from '../../onnx/file/countMessages';
import { elementTypeName } from '../../onnx/tensors/elements';
import { isExternal } from '../../onnx/tensors/externalData';
import { bfloat16ToNumber } from '../../onnx/tensors/float16';
import { badData } from '../samples/badData';
import type { ElementType, Tensor } from '../samples/dataset';
import { newTensorData, shapeText, sizeOf } from '../samples/elementTypes';

interface Reading {
  type: ElementType;
  /** Values that stand outside of raw data. */
  field: (tensor: TensorProto) => number[] | bigint[];
}

const int32 = (tensor: TensorProto) => tensor.int32Data;
const uint64 = (tensor: TensorProto) => tensor.uint64Data;

const readings = new Map<number, Reading>([
  [T.FLOAT, { type: 'float32', field: (tensor) => tensor.floatData }],
  [T.DOUBLE, { type: 'float64', field: (tensor) => tensor.doubleData }],
  // onnxruntime's Node binding has no bfloat16; its 16 bits are widened to float32.
  [T.BFLOAT16, { type: 'uint16', field: int32 }],
  [T.FLOAT16, { type: 'float16', field: int32 }],
  [T.INT8, { type: 'int8', field: int32 }],
  [T.UINT8, { type: 'uint8', field: int32 }],
  [T.INT16, { type: 'int16', field: int32 }],
  [T.UINT16, { type: 'uint16', field: int32 }],
  [T.INT32, { type: 'int32', field: int32 }],
  [T.BOOL, { type: 'bool', field: int32 }],
  [T.UINT32, { type: 'uint32', field: uint64 }],
  [T.INT64, { type: 'int64', field: (tensor) => tensor.int64Data }],
  [T.UINT64, { type: 'uint64', field: uint64 }],
]);

const RAW_DATA_FIELD = 9;
/** Outside of raw data, each byte may become a number object of 32 bytes. */
const MAX_LISTED_BYTES = 2 ** 25;
const MAX_MESSAGES = 1000;
const HINT = 'Write it as ONNX test data does: numpy_helper.from_array(array, name).SerializeToString().';

/**
 * Decodes a file with one TensorProto, as ONNX's test data has them; `where` is what errors call it.
 * Source: ONNX IR, "TensorProto"; bfloat16 becomes float32.
 * @returns the tensor, and its name, which may be empty
 * @throws EngineError `bad-data` for damage, for types that cannot be fed, for data that lies in another file
 */
export function parseTensorProto(bytes: Uint8Array, where: string): { name: string; tensor: Tensor } {
  const proto = decode(bytes, where);
  const reading = readings.get(proto.dataType);
  if (reading === undefined)
    throw badData(`${where} holds elements of type ${elementTypeName(proto.dataType)}.`, HINT);
  if (isExternal(proto)) throw badData(`${where} keeps its values in another file.`, HINT);
  const dims = proto.dims.map(Number);
  const count = sizeOf(dims);
  if (!dims.every((dim) => dim >= 0) || !Number.isSafeInteger(count))
    throw badData(`${where} has the shape ${shapeText(dims)}.`, HINT);
  const data = valuesOf(proto, reading, count, where);
  if (proto.dataType !== (T.BFLOAT16 as number))
    return { name: proto.name, tensor: { type: reading.type, dims, data } };
  const bits = data as Uint16Array;
  const widened = Float32Array.from(bits, bfloat16ToNumber);
  return { name: proto.name, tensor: { type: 'float32', dims, data: widened } };
}

function decode(bytes: Uint8Array, where: string): TensorProto {
  const damaged = (why: string, cause?: unknown) =>
    badData(`${where} cannot be read as a TensorProto: ${why}.`, HINT, cause);
  try {
    if (listedBytes(bytes) > MAX_LISTED_BYTES)
      throw new Error(`more than ${MAX_LISTED_BYTES} bytes stand outside of raw_data`);
    if (countMessages(TensorProtoSchema, bytes, MAX_MESSAGES) >= MAX_MESSAGES)
      throw new Error('it has too many parts');
    return fromBinary(TensorProtoSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw damaged(errorText(error), error);
  }
}

/** Bytes of all that is not raw data, seen without decoding. */
function listedBytes(bytes: Uint8Array): number {
  const reader = new BinaryReader(bytes);
  let listed = 0;
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [field, wireType] = reader.tag();
    reader.skip(wireType, field);
    if (field !== RAW_DATA_FIELD) listed += reader.pos - start;
  }
  return listed;
}

function valuesOf(proto: TensorProto, { type, field }: Reading, count: number, where: string) {
  const { rawData } = proto;
  const listed = field(proto);
  const size = newTensorData(type, 0).BYTES_PER_ELEMENT;
  const found = rawData.length > 0 ? rawData.length / size : listed.length;
  if (found !== count)
    throw badData(
      `${where} has the shape ${shapeText(proto.dims.map(Number))}, that is ${count} values, but holds ${found}.`,
      'The file is cut off or damaged: write it again.',
    );
  const data = newTensorData(type, count);
  // The bytes may start anywhere in the file's; an array of numbers may not.
  if (rawData.length > 0) new Uint8Array(data.buffer).set(rawData);
  else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.set(listed.map(BigInt));
  else data.set(listed.map(Number));
  return data;
}
