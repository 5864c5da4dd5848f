import { badData } from '../samples/badData';
import type { Tensor } from '../samples/dataset';
import { type NumberData, numbersOf, shapeText } from '../samples/elementTypes';

/** An output laid over the picture. */
export interface OutputMap {
  width: number;
  height: number;
  channels: number;
  /** A value by channel, row and column. */
  at: (channel: number, y: number, x: number) => number;
  values: NumberData;
}

/**
 * An output as a map of so many channels, which come before or behind rows and columns: [1,C,H,W], [1,H,W,C], the
 * same without the 1, or [H,W] for one channel.
 * @returns `null` when the shape is none of these
 */
export function mapOf(output: Tensor, channels: number): OutputMap | null {
  const { dims } = output;
  const inner = dims.length === 4 ? dims.slice(1) : dims.length === 2 ? [1, ...dims] : dims;
  const [first = 0, second = 0, third = 0] = inner;
  if (inner.length !== 3 || (dims.length === 4 && dims[0] !== 1)) return null;
  const values = numbersOf(output);
  if (first === channels) {
    const [height, width] = [second, third];
    const at = (channel: number, y: number, x: number) => values[(channel * height + y) * width + x] ?? NaN;
    return { width, height, channels, at, values };
  }
  if (third !== channels) return null;
  const [height, width] = [first, second];
  const at = (channel: number, y: number, x: number) => values[(y * width + x) * channels + channel] ?? NaN;
  return { width, height, channels, at, values };
}

/** The error for outputs that are no maps; `needs` says what the metric reads. */
export function noMap(outputs: readonly Tensor[], needs: string): Error {
  const shapes = outputs.map(({ dims }) => shapeText(dims)).join(', ');
  return badData(`The model answers with the shape ${shapes}.`, needs);
}
