import { TensorProto_DataType as T, type TensorProto } from 'onnx-buf';
import { elementCount, rawBytes } from './elements';

/** Bits and sign of the integer types that hold quantized values. */
const integers = new Map<number, { bits: number; signed: boolean }>([
  [T.INT4, { bits: 4, signed: true }],
  [T.UINT4, { bits: 4, signed: false }],
  [T.INT8, { bits: 8, signed: true }],
  [T.UINT8, { bits: 8, signed: false }],
  [T.INT16, { bits: 16, signed: true }],
  [T.UINT16, { bits: 16, signed: false }],
  [T.INT32, { bits: 32, signed: true }],
]);

/** `count` unsigned numbers of 2, 4 or 8 bits packed into bytes, the lowest bits first. */
export function unpack(bytes: Uint8Array, bits: number, count: number): number[] {
  const perByte = 8 / bits;
  const mask = 2 ** bits - 1;
  return Array.from({ length: count }, (_, i) => {
    const byte = bytes[Math.floor(i / perByte)] ?? 0;
    return (byte >> (bits * (i % perByte))) & mask;
  });
}

/** Whether a tensor's type is one that quantized values are kept in. */
export function isQuantizedInteger({ dataType }: TensorProto): boolean {
  return integers.has(dataType);
}

/**
 * Values of a small integer tensor, such as zero points.
 * @returns undefined for other types and where values are missing
 */
export function readIntegers(tensor: TensorProto): number[] | undefined {
  const kind = integers.get(tensor.dataType);
  if (kind === undefined) return undefined;
  const { bits, signed } = kind;
  const rawData = rawBytes(tensor);
  const count = elementCount(tensor);
  const toSigned = (value: number) => (signed && value >= 2 ** (bits - 1) ? value - 2 ** bits : value);
  if (bits === 4) {
    const bytes = rawData.length > 0 ? rawData : Uint8Array.from(tensor.int32Data);
    return bytes.length === Math.ceil(count / 2) ? unpack(bytes, 4, count).map(toSigned) : undefined;
  }
  if (rawData.length === 0) return tensor.int32Data.length === count ? [...tensor.int32Data] : undefined;
  const size = bits / 8;
  if (rawData.length !== count * size) return undefined;
  return Array.from({ length: count }, (_, i) => {
    let value = 0;
    for (let b = size - 1; b >= 0; b--) value = value * 256 + (rawData[i * size + b] ?? 0);
    return toSigned(value);
  });
}
