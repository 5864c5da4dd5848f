import { encode, Image, type ImageColorModel } from 'image-js';

/** A picture file of these values, row by row. */
export function picture(
  format: 'png' | 'jpeg' | 'bmp',
  width: number,
  height: number,
  colorModel: ImageColorModel,
  values: number[] | Uint16Array,
): Uint8Array {
  const sixteen = values instanceof Uint16Array;
  const data = sixteen ? values : Uint8Array.from(values);
  return encode(new Image(width, height, { data, colorModel, bitDepth: sixteen ? 16 : 8 }), { format });
}

/** One gray PNG of one shade. */
export function grayPng(width: number, height: number, shade = 0): Uint8Array {
  return picture('png', width, height, 'GREY', new Array<number>(width * height).fill(shade));
}

/** A black PNG with a white rectangle from (x0, y0) to (x1, y1). */
export function whiteBoxPng(
  width: number,
  height: number,
  [x0, y0, x1, y1]: readonly [number, number, number, number],
): Uint8Array {
  const values = Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x >= x0 && x < x1 && y >= y0 && y < y1 ? 255 : 0;
  });
  return picture('png', width, height, 'GREY', values);
}
