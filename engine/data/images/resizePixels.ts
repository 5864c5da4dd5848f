import { badData } from '../samples/badData';
import type { Resize } from '../manifest/manifest';
import type { Pixels } from './readImage';

/** Beyond any model's input; a strip of one pixel's height may ask for more. */
const MAX_PIXELS = 100e6;

export interface Size {
  width: number;
  height: number;
}

/** What a picture is scaled to, and the part of that which is kept. */
interface Frame {
  scaled: Size;
  kept: Size & { left: number; top: number };
}

/**
 * Where `resize` brings a picture of this size; `where` is what errors call it.
 * @throws EngineError `bad-data` when a side would become so long that there were more than 100 megapixels
 */
export function resizedFrame(picture: Size, resize: Resize, where = 'The picture'): Frame {
  const { width = Infinity, height = Infinity, mode, zoom = 1 } = resize;
  const whole = (size: Size): Frame => ({ scaled: size, kept: { ...size, left: 0, top: 0 } });
  if (mode === 'stretch') return whole({ width, height });
  const factors = [width / picture.width, height / picture.height] as const;
  const factor = mode === 'crop' ? Math.max(...factors) * zoom : Math.min(...factors);
  const side = (length: number) => Math.max(1, Math.round(length * factor));
  const scaled = { width: side(picture.width), height: side(picture.height) };
  if (scaled.width * scaled.height > MAX_PIXELS)
    throw badData(
      `${where} has ${picture.width} × ${picture.height} pixels and would become ${scaled.width} × ${scaled.height}.`,
      'Remove it, or cut it to pictures of a usual shape.',
    );
  if (mode === 'keep-aspect') return whole(scaled);
  const [left, top] = [(scaled.width - width) >> 1, (scaled.height - height) >> 1];
  return { scaled, kept: { width, height, left, top } };
}

/**
 * A picture brought to the size that `resize` asks for; `where` is what errors call it.
 * @throws EngineError `bad-data` as {@link resizedFrame}
 */
export function resizePixels(pixels: Pixels, resize: Resize, where?: string): Pixels {
  const { scaled, kept } = resizedFrame(pixels, resize, where);
  return crop(stretch(pixels, scaled.width, scaled.height), kept);
}

/** Bilinear with pixel centres at halves and borders repeated, as OpenCV's INTER_LINEAR. */
function stretch(source: Pixels, width: number, height: number): Pixels {
  if (width === source.width && height === source.height) return source;
  const { channels } = source;
  const columns = weights(source.width, width);
  const rows = weights(source.height, height);
  const data = new Uint8Array(width * height * channels);
  const at = (row: number, column: number, channel: number): number =>
    source.data[(row * source.width + column) * channels + channel] ?? 0;
  let to = 0;
  for (const row of rows)
    for (const column of columns)
      for (let channel = 0; channel < channels; channel++) {
        const { low: left, high: right, share: x } = column;
        const above = at(row.low, left, channel) * (1 - x) + at(row.low, right, channel) * x;
        const below = at(row.high, left, channel) * (1 - x) + at(row.high, right, channel) * x;
        data[to++] = Math.round(above * (1 - row.share) + below * row.share);
      }
  return { width, height, channels, data };
}

/** For each target pixel of one axis: its two source pixels and how much the second counts. */
function weights(from: number, to: number): { low: number; high: number; share: number }[] {
  return Array.from({ length: to }, (_, index) => {
    const position = Math.min(from - 1, Math.max(0, ((index + 0.5) * from) / to - 0.5));
    const low = Math.floor(position);
    return { low, high: Math.min(from - 1, low + 1), share: position - low };
  });
}

function crop(source: Pixels, { width, height, left, top }: Frame['kept']): Pixels {
  const { channels } = source;
  if (width === source.width && height === source.height) return source;
  const data = new Uint8Array(width * height * channels);
  for (let row = 0; row < height; row++) {
    const start = ((top + row) * source.width + left) * channels;
    data.set(source.data.subarray(start, start + width * channels), row * width * channels);
  }
  return { width, height, channels, data };
}
