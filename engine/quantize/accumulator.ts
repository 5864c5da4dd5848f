import type { Affine } from './affine';

/** A product of integers: activations of one grid by constant weights. */
export interface IntegerProduct {
  /** Weights on their grid, q. */
  codes: Int8Array | Uint8Array;
  dims: readonly number[];
  /** Axis of the output channels; all other weights of a channel may meet in one sum. */
  axis: number;
  /** The code that stands for a weight of 0: 0 for int8, 128 for symmetric uint8. */
  weightZero: number;
  /** The activations' grid. */
  activation: Affine;
  /** Bias in steps of both scales, one for each output channel; `null` for none. */
  bias: ArrayLike<number> | null;
}

/** Largest accumulator that a signed 32-bit integer holds. */
export const MAX_ACCUMULATOR = 2 ** 31 - 1;

function forEachCode(
  { codes, dims, axis, weightZero }: Pick<IntegerProduct, 'codes' | 'dims' | 'axis' | 'weightZero'>,
  visit: (weight: number, channel: number) => void,
): void {
  const channels = dims[axis] ?? 1;
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  codes.forEach((code, i) => visit(code - weightZero, Math.floor(i / inner) % channels));
}

/**
 * The largest magnitude that the sum of each output channel can reach, over all activations that its grid knows:
 * Σ (x_q − z)·w_q + bias (the paper's integer product), with x_q at that end of the grid that makes it largest, or
 * smallest. No sum is larger; some inputs reach it. In a transposed convolution of groups, whose channels of one
 * place share an index of `axis`, it is that of their sum.
 */
export function accumulatorBounds(product: IntegerProduct): Float64Array<ArrayBuffer> {
  const { dims, axis, activation, bias } = product;
  const channels = dims[axis] ?? 1;
  const [above, below] = [activation.high - activation.zeroPoint, activation.low - activation.zeroPoint];
  const most = new Float64Array(channels);
  const least = new Float64Array(channels);
  forEachCode(product, (w, c) => {
    most[c] = (most[c] ?? 0) + w * (w > 0 ? above : below);
    least[c] = (least[c] ?? 0) + w * (w > 0 ? below : above);
  });
  return Float64Array.from(most, (m, c) => {
    const b = bias?.[c] ?? 0;
    return Math.max(Math.abs(m + b), Math.abs((least[c] ?? 0) + b));
  });
}

export interface Overflow {
  /** The output channel with the largest sums. */
  channel: number;
  /** The largest magnitude that they can reach, in steps. */
  bound: number;
  /** How many times {@link MAX_ACCUMULATOR} that is; over 1. */
  times: number;
}

/** Whether sums of a product may leave 32 bits, and by how much; `null` where none can. */
export function accumulatorOverflow(product: IntegerProduct): Overflow | null {
  const bounds = accumulatorBounds(product);
  const bound = bounds.reduce((a, b) => Math.max(a, b), 0);
  if (bound <= MAX_ACCUMULATOR) return null;
  return { channel: bounds.indexOf(bound), bound, times: bound / MAX_ACCUMULATOR };
}
