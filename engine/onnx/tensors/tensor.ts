/** The element types that onnxruntime's Node binding takes, by its own names. */
export type ElementType =
  | 'float32'
  | 'float64'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'
  | 'float16';

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A dense tensor in row-major order; `float16` holds raw bits in a Uint16Array, `bool` bytes in a Uint8Array. */
export interface Tensor {
  type: ElementType;
  dims: number[];
  data: TensorData;
}

/** What a model's input accepts: `dims` holds numbers, `null` where any size goes; `null` when the rank is unknown. */
export interface InputSpec {
  name: string;
  type: ElementType;
  dims: (number | null)[] | null;
}
