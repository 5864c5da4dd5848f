import type { Tensor } from '../samples/dataset';
import type { Pad, Preprocess } from '../manifest/manifest';
import type { Pixels } from './readImage';
import { resizePixels, type Size } from './resizePixels';

/**
 * A picture as a model takes it: resized, normalized, padded.
 * @param where what errors call it
 * @param rank 4 for a tensor with a batch axis of 1; 3 for one without
 * @returns float32 [1,C,H,W] or [1,H,W,C], or the same without the 1
 */
export function preprocessImage(
  picture: Pixels,
  preprocess: Preprocess,
  rank: 3 | 4,
  where?: string,
): Tensor {
  const { layout = 'NCHW', color = 'RGB', pad } = preprocess;
  const pixels = preprocess.resize === undefined ? picture : resizePixels(picture, preprocess.resize, where);
  const planes = channelsIn(pixels, color);
  const { width, height } = paddedSize(pixels, pad);
  const count = planes.length;
  const data = new Float32Array(count * width * height).fill(pad?.value ?? 0);
  const [pixelStep, channelStep] = layout === 'NCHW' ? [1, width * height] : [count, 1];
  planes.forEach((plane, channel) => {
    const normalized = normalizedValues(preprocess, channel);
    for (let y = 0; y < pixels.height; y++)
      for (let x = 0; x < pixels.width; x++)
        data[(y * width + x) * pixelStep + channel * channelStep] =
          normalized[plane(y * pixels.width + x)] ?? 0;
  });
  const dims = layout === 'NCHW' ? [count, height, width] : [height, width, count];
  return { type: 'float32', dims: rank === 4 ? [1, ...dims] : dims, data };
}

/** For each channel that the model wants: a pixel's value, from 0 to 255, by the pixel's index. */
function channelsIn(
  { data, channels }: Pixels,
  color: 'RGB' | 'BGR' | 'gray',
): ((pixel: number) => number)[] {
  const source = (channel: number) => (pixel: number) => data[pixel * channels + channel] ?? 0;
  if (channels === 1) return (color === 'gray' ? [0] : [0, 0, 0]).map(source);
  if (color !== 'gray') return (color === 'RGB' ? [0, 1, 2] : [2, 1, 0]).map(source);
  const [red, green, blue] = [source(0), source(1), source(2)];
  // ITU-R BT.601, as OpenCV and Pillow weigh the colours.
  return [(pixel) => Math.round(0.299 * red(pixel) + 0.587 * green(pixel) + 0.114 * blue(pixel))];
}

/** What each of the 256 values of a pixel becomes. */
function normalizedValues({ scale = 1, mean = 0, std = 1 }: Preprocess, channel: number): Float32Array {
  const of = (perChannel: number | number[]): number =>
    typeof perChannel === 'number' ? perChannel : (perChannel[channel] ?? 0);
  return Float32Array.from({ length: 256 }, (_, value) => (value * of(scale) - of(mean)) / of(std));
}

/** What padding to the right and the bottom makes of a size. */
export function paddedSize(
  { width, height }: Size,
  { minWidth = 1, minHeight = 1, multipleOf = 1 }: Pad = {},
): Size {
  const grown = (size: number, least: number) => Math.ceil(Math.max(size, least) / multipleOf) * multipleOf;
  return { width: grown(width, minWidth), height: grown(height, minHeight) };
}
