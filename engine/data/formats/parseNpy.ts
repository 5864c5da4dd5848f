import { parse } from 'npyjs';
import { errorText } from '../../shared/engineError';
import { badData } from '../samples/badData';
import type { ElementType, Tensor, TensorData } from '../samples/dataset';
import { shapeText, sizeOf } from '../samples/elementTypes';
import { rowMajor } from './rowMajor';
import { ownValue } from '../../shared/ownValue';

const types: Record<string, ElementType> = {
  b1: 'bool',
  i1: 'int8',
  u1: 'uint8',
  i2: 'int16',
  u2: 'uint16',
  i4: 'int32',
  u4: 'uint32',
  i8: 'int64',
  u8: 'uint64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
};

/** Bytes in which the type of a plain array stands. */
const HEADER = 256;

/**
 * Reads one NumPy array file into row-major order; `where` is what errors call it. The tensor may share the bytes.
 * Source: NumPy, "numpy.lib.format", versions 1.0 to 3.0.
 * @throws EngineError `bad-data` for anything else: other types, big-endian values, a length that is not the shape's
 */
export function parseNpy(bytes: Uint8Array, where: string): Tensor {
  const array = parseOrThrow(bytes, where);
  const type = ownValue(types, array.dtype);
  if (type === undefined)
    throw badData(`${where} holds elements of type ${array.dtype}.`, 'Store numbers: floats or integers.');
  // npyjs unpacks booleans to a plain list.
  const data = Array.isArray(array.data) ? Uint8Array.from(array.data, Number) : (array.data as TensorData);
  const dims = array.shape;
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0))
    throw badData(`${where} has a header with the shape ${shapeText(dims)}.`, 'Write the file again.');
  if (sizeOf(dims) !== data.length)
    throw badData(
      `${where} has the shape ${shapeText(dims)}, that is ${sizeOf(dims)} values, but holds ${data.length}.`,
      'The file is cut off or damaged: write it again.',
    );
  return { type, dims, data: array.fortranOrder ? rowMajor(data, dims) : data };
}

function parseOrThrow(bytes: Uint8Array, where: string): ReturnType<typeof parse> {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  const buffer = whole && bytes.buffer instanceof ArrayBuffer ? bytes.buffer : bytes.slice().buffer;
  // Of texts the parser makes texts, one by one on its stack.
  const text = /'descr'\s*:\s*'[<>|=]?(U\d*)'/.exec(
    new TextDecoder('latin1').decode(bytes.subarray(0, HEADER)),
  );
  if (text !== null)
    throw badData(`${where} holds elements of type ${text[1] ?? ''}.`, 'Store numbers: floats or integers.');
  try {
    return parse(buffer, { convertFloat16: false });
  } catch (error) {
    const text = errorText(error);
    const hint = text.includes('>')
      ? 'The values are big-endian: store them with astype(array.dtype.newbyteorder("<")).'
      : 'Write it with numpy.save or numpy.savez; arrays of objects cannot be read.';
    throw badData(`${where} cannot be read as a NumPy array: ${text}.`, hint, error);
  }
}
