import { basename } from 'node:path';
import { TensorProto_DataLocation, TensorProto_DataType, type TensorProto } from 'onnx-buf';
import { formatBytes, formatPlural } from '../../shared/format';
import { elementCount, elementTypeName } from '../tensors/elements';
import { decodeText } from '../file/losslessStrings';
import { floatText, realText } from './numberText';
import { quoteText } from './quoteText';

/** Tensors of more values show only the first of them. */
const MAX_VALUES = 16;
const FIRST_VALUES = 4;
const T = TensorProto_DataType;

/** How one value of raw data is read; types that the syntax writes as bit patterns are read as whole numbers. */
type Reader = [bytes: number, read: (view: DataView, at: number) => string];
const uint8: Reader = [1, (view, at) => String(view.getUint8(at))];
const uint16: Reader = [2, (view, at) => String(view.getUint16(at, true))];
const readers = new Map<number, Reader>([
  [T.FLOAT, [4, (view, at) => floatText(view.getFloat32(at, true))]],
  [T.DOUBLE, [8, (view, at) => realText(view.getFloat64(at, true))]],
  [T.INT8, [1, (view, at) => String(view.getInt8(at))]],
  [T.INT16, [2, (view, at) => String(view.getInt16(at, true))]],
  [T.INT32, [4, (view, at) => String(view.getInt32(at, true))]],
  [T.INT64, [8, (view, at) => String(view.getBigInt64(at, true))]],
  [T.UINT32, [4, (view, at) => String(view.getUint32(at, true))]],
  [T.UINT64, [8, (view, at) => String(view.getBigUint64(at, true))]],
  [T.UINT16, uint16],
  [T.FLOAT16, uint16],
  [T.BFLOAT16, uint16],
  [T.UINT8, uint8],
  [T.BOOL, uint8],
  [T.FLOAT8E4M3FN, uint8],
  [T.FLOAT8E4M3FNUZ, uint8],
  [T.FLOAT8E5M2, uint8],
  [T.FLOAT8E5M2FNUZ, uint8],
  [T.FLOAT8E8M0, uint8],
]);

/** Up to `limit` values; `count` is how many the tensor really holds. */
function values(tensor: TensorProto, limit: number): { shown: string[]; count: number } {
  const { rawData } = tensor;
  const reader = readers.get(tensor.dataType);
  if (rawData.length > 0) {
    if (reader === undefined) return { shown: [], count: elementCount(tensor) };
    const [bytes, read] = reader;
    const count = Math.floor(rawData.length / bytes);
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    return { shown: Array.from({ length: Math.min(limit, count) }, (_, i) => read(view, i * bytes)), count };
  }
  const take = <V>(list: V[], show: (value: V) => string) => ({
    shown: list.slice(0, limit).map(show),
    count: list.length,
  });
  if (tensor.stringData.length > 0) return take(tensor.stringData, (s) => quoteText(decodeText(s)));
  if (tensor.floatData.length > 0) return take(tensor.floatData, floatText);
  if (tensor.doubleData.length > 0) return take(tensor.doubleData, realText);
  if (tensor.int64Data.length > 0) return take(tensor.int64Data, String);
  if (tensor.uint64Data.length > 0) return take(tensor.uint64Data, String);
  // Packed types hold several values in one entry.
  if (tensor.int32Data.length > 0 && reader === undefined) return { shown: [], count: elementCount(tensor) };
  return take(tensor.int32Data, String);
}

/** A tensor's type with its dimensions: `float[3,2]`. */
export function tensorType(tensor: TensorProto): string {
  const dims = tensor.dims.length === 0 ? '' : `[${tensor.dims.join(',')}]`;
  return `${elementTypeName(tensor.dataType)}${dims}`;
}

/**
 * A list in the given brackets; a long one shows its first items, then `# ... ` and what there is to the end of
 * the line. The bracket then closes on a line of its own.
 */
export function listText(open: string, shown: string[], rest: string | null, close: string): string {
  return rest === null
    ? `${open}${shown.join(', ')}${close}`
    : `${open}${shown.join(', ')}${shown.length > 0 ? ' ' : ''}# ... ${rest}\n${close}`;
}

/** A tensor's values in braces, or the place where they are; long ones are elided. */
export function tensorValues(tensor: TensorProto): string {
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    // Opened models name the data by its place on this machine.
    const place = tensor.externalData.map(
      ({ key, value }) => `${quoteText(key)}: ${quoteText(key === 'location' ? basename(value) : value)}`,
    );
    return `[${place.join(', ')}]`;
  }
  const { shown, count } = values(tensor, MAX_VALUES);
  if (count <= MAX_VALUES && shown.length === count) return listText('{', shown, null, '}');
  const bytes = tensor.rawData.length;
  const size = bytes > 0 ? `, ${formatBytes(bytes)}` : '';
  const rest = `${formatPlural(count, 'value')} of ${elementTypeName(tensor.dataType)}${size}`;
  return listText('{', shown.slice(0, FIRST_VALUES), rest, '}');
}
