import { TensorProto_DataType as T, type TensorProto } from 'onnx-buf';
import { elementCount, floatValues, isFloat, mismatch, rawBytes } from './elements';
import { bfloat16ToNumber, halfToNumber } from './float16';

/** Largest finite float32. */
const LARGEST = 3.4028234663852886e38;

/** The nearest float32 number; what is finite stays finite, as masks of −1.8e308 have to. */
function narrowed(value: number): number {
  return Number.isFinite(value) ? Math.min(LARGEST, Math.max(-LARGEST, value)) : value;
}

interface Reader {
  /** Bytes of a value in raw data, which are little-endian. */
  size: number;
  read: (view: DataView, at: number) => number;
  /** Values that stand outside of raw data. */
  field: (tensor: TensorProto) => number[];
  convert: (value: number) => number;
}

/** Outside of raw data, each int32 holds the bits of one 16-bit value. */
function sixteenBits(toNumber: (bits: number) => number): Reader {
  return {
    size: 2,
    read: (view, at) => toNumber(view.getUint16(at, true)),
    field: (tensor) => tensor.int32Data,
    convert: (bits) => toNumber(bits & 0xffff),
  };
}

const readers = new Map<number, Reader>([
  [T.FLOAT16, sixteenBits(halfToNumber)],
  [T.BFLOAT16, sixteenBits(bfloat16ToNumber)],
  [
    T.DOUBLE,
    {
      size: 8,
      read: (view, at) => narrowed(view.getFloat64(at, true)),
      field: (tensor) => tensor.doubleData,
      convert: narrowed,
    },
  ],
]);

/**
 * Values of a float32, float16, bfloat16 or double tensor as float32, whichever field holds them (ONNX IR,
 * "TensorProto"). 16-bit values are exact; doubles are rounded, and those beyond float32 become its largest.
 * @returns undefined for every other element type
 * @throws EngineError `bad-model` when values are missing
 */
export function readFloats(tensor: TensorProto): Float32Array | undefined {
  if (isFloat(tensor)) return floatValues(tensor);
  const reader = readers.get(tensor.dataType);
  if (reader === undefined) return undefined;
  const { size, read, field, convert } = reader;
  const rawData = rawBytes(tensor);
  const values = field(tensor);
  const found = rawData.length > 0 ? rawData.length / size : values.length;
  if (tensor.dims.some((d) => d < 0n) || found !== elementCount(tensor)) throw mismatch(tensor, found);
  if (rawData.length === 0) return Float32Array.from(values, convert);
  // The bytes may start anywhere in the file's.
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  const result = new Float32Array(found);
  for (let i = 0; i < found; i++) result[i] = read(view, i * size);
  return result;
}
