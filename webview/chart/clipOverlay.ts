import type { HistogramGeometry } from './histogramGeometry';
import type { TensorGrid } from './tensorGrid';

/** What a clip adds to a histogram, in pixels. */
export interface ClipOverlay {
  /** Where the clip stands: once, or on both sides of zero. */
  lines: number[];
  /** What its grid cuts off. */
  tails: { x: number; width: number }[];
  /** Places of representable values; the grid of many is thinned. */
  comb: number[];
  /** Every how many-th of them is drawn. */
  every: number;
}

/** Pixels between teeth: nearer ones would run into each other. */
const LEAST_GAP = 5;

/**
 * Where a clip and its grid are drawn over a histogram.
 * @param magnitudes whether the histogram is one of |x|: then the sides of the grid lie upon each other
 */
export function clipOverlay(
  { x, plot }: Pick<HistogramGeometry, 'x' | 'plot'>,
  grid: TensorGrid,
  clip: number,
  { min, max }: { min: number; max: number },
  magnitudes: boolean,
): ClipOverlay {
  const { step } = grid;
  const [low, high] = magnitudes
    ? [0, Math.max(-grid.first, grid.last) * step]
    : [grid.first * step, grid.last * step];
  const [from = 0, to = 0] = x.domain();
  const sides = magnitudes ? [clip] : [...(max > 0 ? [clip] : []), ...(min < 0 ? [-clip] : [])];
  const inside = sides.filter((value) => value >= from && value <= to);

  const pixels = Math.abs(x(step) - x(0));
  let every = 1;
  while (pixels * every < LEAST_GAP && every < 256) every *= 2;
  const [first, last] = magnitudes ? [0, Math.max(-grid.first, grid.last)] : [grid.first, grid.last];
  const comb: number[] = [];
  const start = Math.ceil(Math.max(first, from / step) / every) * every;
  for (let code = start; code <= Math.min(last, to / step); code += every) comb.push(x(code * step));

  const tails: ClipOverlay['tails'] = [];
  if (low > from) tails.push({ x: plot.left, width: Math.min(plot.right, x(low)) - plot.left });
  if (high < to) {
    const begin = Math.max(plot.left, x(high));
    tails.push({ x: begin, width: plot.right - begin });
  }
  return {
    lines: inside.map((value) => x(value)),
    tails: tails.filter((tail) => tail.width > 0.5),
    comb,
    every,
  };
}
