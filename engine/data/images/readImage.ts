import { decode } from 'image-js';
import { errorText } from '../../shared/engineError';
import { badData } from '../samples/badData';
import { imageHeader } from './imageHeader';
import { leanPng } from './leanPng';

/** 8 bits a channel, row by row, a pixel's channels side by side. */
export interface Pixels {
  width: number;
  height: number;
  /** 1 for gray, 3 for RGB. */
  channels: 1 | 3;
  data: Uint8Array;
}

const MAX_PIXELS = 100e6;

/**
 * Decodes a PNG, JPEG or BMP; transparency is dropped, 16 bits become 8. `where` is what errors call it.
 * @throws EngineError `bad-data` for other formats, damage, more than 100 megapixels (seen before decoding)
 */
export function readImage(bytes: Uint8Array, where: string): Pixels {
  const header = imageHeader(bytes);
  if (header === null)
    throw badData(`${where} is not a picture that can be read.`, 'Save it as PNG, JPEG or BMP, or as .npy.');
  const { format, width, height, bitDepth } = header;
  if (width < 1 || height < 1 || width * height > MAX_PIXELS)
    throw badData(
      `${where} says that it has ${width} × ${height} pixels.`,
      `At most ${MAX_PIXELS / 1e6} megapixels can be read: make it smaller.`,
    );
  // The decoder misreads rows that end within a byte.
  if (bitDepth < 8)
    throw badData(`${where} is a ${format} of ${bitDepth} bits a pixel.`, 'Save it with 8 bits a channel.');
  try {
    const image = decode(format === 'PNG' ? leanPng(bytes, header) : bytes);
    return toPixels(image.getRawImage(), where);
  } catch (error) {
    throw badData(`${where} cannot be decoded: ${errorText(error)}.`, 'The file may be cut off.', error);
  }
}

interface RawImage {
  width: number;
  height: number;
  channels: number;
  data: ArrayLike<number>;
  bitDepth: number;
}

function toPixels({ width, height, channels, data, bitDepth }: RawImage, where: string): Pixels {
  const kept = channels < 3 ? 1 : 3;
  const size = width * height;
  if (data.length !== size * channels)
    throw new Error(`${where} holds ${data.length} values for ${size} pixels`);
  if (kept === channels && data instanceof Uint8Array) return { width, height, channels: kept, data };
  const pixels = new Uint8Array(size * kept);
  const scale = 255 / (2 ** bitDepth - 1);
  for (let i = 0; i < size; i++)
    for (let c = 0; c < kept; c++) pixels[i * kept + c] = Math.round((data[i * channels + c] ?? 0) * scale);
  return { width, height, channels: kept, data: pixels };
}
