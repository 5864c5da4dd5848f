import type { ElementType, Tensor, TensorData } from './dataset';
import { halfToNumber } from '../../onnx/tensors/float16';

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  float16: Uint16Array,
} as const;

/** Arrays whose elements are numbers. */
export type NumberData = Exclude<TensorData, BigInt64Array | BigUint64Array>;

/** Zeros for `length` elements. */
export function newTensorData(type: ElementType, length: number): TensorData {
  return new arrays[type](length);
}

export function isFloat(type: ElementType): boolean {
  return type === 'float32' || type === 'float64' || type === 'float16';
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** A tensor's elements as numbers; 64-bit integers lose what a double cannot hold. No copy where none is needed. */
export function numbersOf({ type, data }: Tensor): NumberData {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  return type === 'float16' ? Float32Array.from(data, halfToNumber) : data;
}

/** How errors write a shape: `[1,3,48,?]`. */
export function shapeText(dims: readonly (number | null)[]): string {
  return `[${dims.map((dim) => dim ?? '?').join(',')}]`;
}
