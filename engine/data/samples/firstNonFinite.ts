import type { Tensor } from './dataset';
import { isFloat } from './elementTypes';

/** All bits of a half's exponent: set in NaN and the infinities alone. */
const HALF_EXPONENT = 0x7c00;

/** Index of the first NaN or infinity of a tensor of floats; −1 when there is none, as in any other tensor. */
export function firstNonFinite({ type, data }: Tensor): number {
  if (!isFloat(type)) return -1;
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    const finite = type === 'float16' ? (value & HALF_EXPONENT) !== HALF_EXPONENT : Number.isFinite(value);
    if (!finite) return i;
  }
  return -1;
}

/** The place of flat index `index` in a row-major shape, as an index of each axis. */
export function positionOf(index: number, dims: readonly number[]): number[] {
  const position: number[] = [];
  let rest = index;
  for (const dim of dims.toReversed()) {
    position.unshift(rest % dim);
    rest = Math.floor(rest / dim);
  }
  return position;
}
