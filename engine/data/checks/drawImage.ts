import type { TensorPicture } from '../../shared/protocol/data';
import { sizeOf, type NumberData } from '../samples/elementTypes';
import type { Look } from './tensorLayout';
import type { TensorFigures } from './tensorFigures';

export interface DrawOptions {
  /** Whether channel 0 of three is blue. */
  blueFirst: boolean;
  /** Of the pixels. */
  mostBytes: number;
}

const LONGEST_SIDE = 256;
/** Source values that one pixel is the mean of, along each side: more would not be seen. */
const MOST_PER_SIDE = 8;
const MIDDLE_GRAY = 128;

/**
 * The first image of a tensor as a thumbnail of its own proportions: box-filtered, its least value black and its
 * largest white, in RGB order.
 */
export function drawImage(
  values: NumberData,
  dims: readonly number[],
  { channels, channelAxis, rowAxis, columnAxis }: Extract<Look, { kind: 'image' }>,
  { min, max }: TensorFigures,
  { blueFirst, mostBytes }: DrawOptions,
): TensorPicture {
  const sourceWidth = dims[columnAxis] ?? 1;
  const sourceHeight = dims[rowAxis] ?? 1;
  const factor = Math.min(
    1,
    LONGEST_SIDE / Math.max(sourceWidth, sourceHeight),
    Math.sqrt(mostBytes / (channels * sourceWidth * sourceHeight)),
  );
  const width = Math.max(1, Math.floor(sourceWidth * factor));
  const height = Math.max(1, Math.floor(sourceHeight * factor));
  const stride = (axis: number) => sizeOf(dims.slice(axis + 1));
  const [channelStep, rowStep, columnStep] = [stride(channelAxis), stride(rowAxis), stride(columnAxis)];
  const columns = boxes(sourceWidth, width).map((box) => box.map((x) => x * columnStep));
  const rows = boxes(sourceHeight, height).map((box) => box.map((y) => y * rowStep));
  const low = min ?? 0;
  const scale = max === null || max === low ? 0 : 255 / (max - low);
  const pixels = new Uint8Array(width * height * channels);
  let to = 0;
  for (const ys of rows)
    for (const xs of columns)
      for (let c = 0; c < channels; c++) {
        const start = (blueFirst && channels === 3 ? 2 - c : c) * channelStep;
        let sum = 0;
        for (const y of ys) for (const x of xs) sum += values[start + y + x] ?? 0;
        const mean = sum / (ys.length * xs.length);
        // NaN becomes black, and infinities the nearest end.
        pixels[to++] =
          scale === 0 ? MIDDLE_GRAY : Math.max(0, Math.min(255, Math.round((mean - low) * scale)));
      }
  return { kind: 'image', width, height, channels, pixels: Buffer.from(pixels).toString('base64') };
}

/** For each of `to` places, which of `from` places it is the mean of. */
function boxes(from: number, to: number): number[][] {
  return Array.from({ length: to }, (_, i) => {
    const first = Math.floor((i * from) / to);
    const end = Math.max(first + 1, Math.floor(((i + 1) * from) / to));
    const step = Math.ceil((end - first) / MOST_PER_SIDE);
    return Array.from({ length: Math.ceil((end - first) / step) }, (__, j) => first + j * step);
  });
}
