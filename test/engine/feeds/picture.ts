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
