import type { Tensor } from '../samples/dataset';

/** What a tensor looks like; of an image, the axes of its channels, rows and columns. */
export type Look =
  | { kind: 'image'; channels: 1 | 3; channelAxis: number; rowAxis: number; columnAxis: number }
  | { kind: 'wave' | 'tokens' | 'table' };

/** Shorter lists of numbers are no sound. */
const SHORTEST_WAVE = 256;
const MOST_WAVES = 8;
/** Smaller ones are tables of numbers; and so no shape is an image in both layouts. */
const SMALLEST_SIDE = 4;

/** By its type and shape, what a tensor is best shown as. */
export function lookOf({ type, dims }: Pick<Tensor, 'type' | 'dims'>): Look {
  const image =
    dims.length === 3 || dims.length === 4 ? (imageIn(dims, 'NCHW') ?? imageIn(dims, 'NHWC')) : null;
  if (image !== null) return image;
  const shape = withoutLeadingOnes(dims);
  const whole = type === 'int32' || type === 'int64';
  if (whole && shape.length <= 2 && shape.length > 0) return { kind: 'tokens' };
  const long = (shape.at(-1) ?? 0) >= SHORTEST_WAVE;
  if (long && (shape.length === 1 || (shape.length === 2 && (shape[0] ?? 0) <= MOST_WAVES)))
    return { kind: 'wave' };
  return { kind: 'table' };
}

/** The shape without the axes of size 1 that lead it. */
export function withoutLeadingOnes(dims: readonly number[]): number[] {
  const first = dims.findIndex((dim) => dim !== 1);
  return first < 0 ? [] : dims.slice(first);
}

function imageIn(dims: readonly number[], layout: 'NCHW' | 'NHWC'): Look | null {
  const first = dims.length - 3;
  const [channelAxis, rowAxis, columnAxis] =
    layout === 'NCHW' ? [first, first + 1, first + 2] : [first + 2, first, first + 1];
  const channels = dims[channelAxis];
  if (channels !== 1 && channels !== 3) return null;
  if (Math.min(dims[rowAxis] ?? 0, dims[columnAxis] ?? 0) < SMALLEST_SIDE) return null;
  return { kind: 'image', channels, channelAxis, rowAxis, columnAxis };
}
