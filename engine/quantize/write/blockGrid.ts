import { affine, quantize, symmetricGrid, type Affine } from '../affine';

/** How the grid of a block is found: its largest magnitude, or the clip with the least squared error. */
export type BlockClip = 'max' | 'least-squares';

export interface BlockSettings {
  clip: BlockClip;
  /** Whether blocks have zero points of their own; without, zero is the middle and the grid [−8, 7]. */
  zeroPoints: boolean;
}

/** How far a clip is taken in: 4 bits gain by half of the range at most. */
const CLIPS = Array.from({ length: 51 }, (_, i) => 1 - i / 100);

/** Square of the error of a block on a grid. */
function squaredError(block: Float32Array, grid: Affine): number {
  let sum = 0;
  for (const x of block) sum += (x - (quantize(x, grid) - grid.zeroPoint) * grid.scale) ** 2;
  return sum;
}

function clipped(min: number, max: number, clip: number, zeroPoints: boolean): Affine {
  if (zeroPoints) return affine(min * clip, max * clip, 4, 0);
  return symmetricGrid(Math.max(-min, max) * clip, 4);
}

/**
 * The 4-bit grid of one block of weights. With zero points 0 … 15 stand for it, without −8 … 7, of which a grid by
 * the largest magnitude leaves −8 alone as the paper does.
 */
export function blockGrid(block: Float32Array, { clip, zeroPoints }: BlockSettings): Affine {
  const min = block.reduce((least, x) => Math.min(least, x), 0);
  const max = block.reduce((most, x) => Math.max(most, x), 0);
  let best = clipped(min, max, 1, zeroPoints);
  if (clip === 'max' || (min === 0 && max === 0)) return best;
  let least = squaredError(block, best);
  for (const part of CLIPS) {
    const grid = { ...clipped(min, max, part, zeroPoints), ...(zeroPoints ? {} : { low: -8 }) };
    const error = squaredError(block, grid);
    if (error < least) [best, least] = [grid, error];
  }
  return best;
}
