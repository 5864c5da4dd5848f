import type { Magnitudes } from '../stats/magnitudes';
import type { Grid } from './grid';

/** Candidate clips between a hundredth of the maximum and the maximum. */
const CANDIDATES = 200;

/**
 * The clip that minimises Σ counts · (x̂ − x)², each bin's values taken at its centre
 * (paper, section on calibration). Exact zeros are exact on every grid and cost nothing.
 */
export function mseClip(magnitudes: Magnitudes, grid: Grid): number {
  const { max } = magnitudes;
  const sums = new Sums(magnitudes);
  let best = { clip: max, error: Infinity };
  for (let i = CANDIDATES; i >= 1; i--) {
    const clip = (max * i) / CANDIDATES;
    const error = sums.error(clip, grid.step(clip));
    if (error < best.error) best = { clip, error };
  }
  return best.clip;
}

/**
 * Sums of n, n·x and n·x² over the bins up to each: the error of all bins that round to the same value follows from
 * three differences, so that a candidate costs its few hundred levels and not all bins.
 */
class Sums {
  private readonly centres: Float64Array;
  private readonly n: Float64Array;
  private readonly nx: Float64Array;
  private readonly nxx: Float64Array;

  constructor({ lower, width, counts }: Magnitudes) {
    this.centres = lower.map((from, i) => from + (width[i] ?? 0) / 2);
    const running = (term: (n: number, x: number) => number) => {
      const sums = new Float64Array(counts.length + 1);
      counts.forEach((n, i) => (sums[i + 1] = (sums[i] ?? 0) + term(n, this.centres[i] ?? 0)));
      return sums;
    };
    this.n = running((n) => n);
    this.nx = running((n, x) => n * x);
    this.nxx = running((n, x) => n * x * x);
  }

  /** Σ n · (x̂ − x)² for a grid of this step that ends at `clip`. */
  error(clip: number, step: number): number {
    const most = Math.round(clip / step);
    let error = 0;
    let from = 0;
    for (let level = 0; level <= most; level++) {
      const to = level === most ? this.centres.length : this.firstFrom((level + 0.5) * step, from);
      const value = level * step;
      const n = (this.n[to] ?? 0) - (this.n[from] ?? 0);
      const nx = (this.nx[to] ?? 0) - (this.nx[from] ?? 0);
      const nxx = (this.nxx[to] ?? 0) - (this.nxx[from] ?? 0);
      error += nxx - 2 * value * nx + value * value * n;
      from = to;
    }
    return error;
  }

  /** Index of the first bin from `from` on whose centre is not below `x`. */
  private firstFrom(x: number, from: number): number {
    let [low, high] = [from, this.centres.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.centres[middle] ?? 0) < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
