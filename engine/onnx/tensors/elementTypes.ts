import { TensorProto_DataType } from 'onnx-buf';
import type { ElementType } from './tensor';

/** By ONNX's own numbers. */
export const elementTypes = new Map<number, ElementType>([
  [TensorProto_DataType.FLOAT, 'float32'],
  [TensorProto_DataType.DOUBLE, 'float64'],
  [TensorProto_DataType.FLOAT16, 'float16'],
  // onnxruntime's Node binding has no bfloat16; the normalized model takes float32 in its place.
  [TensorProto_DataType.BFLOAT16, 'float32'],
  [TensorProto_DataType.INT8, 'int8'],
  [TensorProto_DataType.UINT8, 'uint8'],
  [TensorProto_DataType.INT16, 'int16'],
  [TensorProto_DataType.UINT16, 'uint16'],
  [TensorProto_DataType.INT32, 'int32'],
  [TensorProto_DataType.UINT32, 'uint32'],
  [TensorProto_DataType.INT64, 'int64'],
  [TensorProto_DataType.UINT64, 'uint64'],
  [TensorProto_DataType.BOOL, 'bool'],
]);

const dataTypes = new Map([...elementTypes].reverse().map(([dataType, type]) => [type, dataType] as const));

/** ONNX's number of a type that onnxruntime takes. */
export function dataTypeOf(type: ElementType): number {
  return dataTypes.get(type) ?? TensorProto_DataType.UNDEFINED;
}
