import { create } from '@bufbuild/protobuf';
import { TensorProto_DataType, TensorProtoSchema, type TensorProto } from 'onnx-buf';
import { EngineError } from '../../shared/engineError';
import { isExternal, readExternal } from './externalData';

/** Name of an element type as people write it: `float`, `int64`, `uint8`. */
export function elementTypeName(type: number): string {
  return (TensorProto_DataType[type] ?? `type ${type}`).toLowerCase();
}

/** Number of elements that the dimensions promise. */
export function elementCount(tensor: TensorProto): number {
  return tensor.dims.reduce((n, d) => n * Number(d), 1);
}

/** Whether {@link floatValues} can read the tensor. */
export function isFloat(tensor: TensorProto): boolean {
  return tensor.dataType === (TensorProto_DataType.FLOAT as number);
}

/** The error for a tensor whose data is not as long as its shape promises. */
export function mismatch(tensor: TensorProto, found: number): EngineError {
  return new EngineError(
    'bad-model',
    `Tensor ${tensor.name} of shape [${tensor.dims.join(', ')}] holds ${found} values instead of ${elementCount(tensor)}.`,
    'The file is damaged; export it again.',
  );
}

/**
 * A tensor's values as bytes, little-endian, from the model or from the file that holds them; empty when its values
 * are in a typed field.
 * @throws EngineError `bad-model` when the file that holds them cannot be read
 */
export function rawBytes(tensor: TensorProto): Uint8Array {
  return isExternal(tensor) ? readExternal(tensor) : tensor.rawData;
}

/**
 * Values of a float32 tensor, whichever field holds them (ONNX IR, "TensorProto").
 * @throws EngineError `unsupported` for another element type, `bad-model` when values are missing
 */
export function floatValues(tensor: TensorProto): Float32Array {
  if (!isFloat(tensor)) {
    throw new EngineError(
      'unsupported',
      `Tensor ${tensor.name} is ${elementTypeName(tensor.dataType)}; only float weights can be quantized.`,
      'Export the model in float32.',
    );
  }
  const count = elementCount(tensor);
  const raw = rawBytes(tensor);
  if (tensor.dims.some((d) => d < 0n)) throw mismatch(tensor, raw.length / 4);
  if (raw.length > 0) {
    if (raw.length !== count * 4) throw mismatch(tensor, raw.length / 4);
    // Raw data may start at any byte of the file; a Float32Array may not.
    return new Float32Array(isExternal(tensor) ? raw.buffer : raw.slice().buffer);
  }
  if (tensor.floatData.length !== count) throw mismatch(tensor, tensor.floatData.length);
  return Float32Array.from(tensor.floatData);
}

type Values = Float32Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | BigInt64Array;

function dataTypeOf(values: Values): TensorProto_DataType {
  if (values instanceof Float32Array) return TensorProto_DataType.FLOAT;
  if (values instanceof Int8Array) return TensorProto_DataType.INT8;
  if (values instanceof Uint8Array) return TensorProto_DataType.UINT8;
  if (values instanceof Int16Array) return TensorProto_DataType.INT16;
  if (values instanceof Uint16Array) return TensorProto_DataType.UINT16;
  if (values instanceof Int32Array) return TensorProto_DataType.INT32;
  return TensorProto_DataType.INT64;
}

/** A tensor with the given values; its element type follows from the array's kind. */
export function makeTensor(name: string, dims: readonly number[], values: Values): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: dataTypeOf(values),
    rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice(),
  });
}
