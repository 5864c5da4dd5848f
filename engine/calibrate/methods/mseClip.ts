import type { Magnitudes } from '../../stats/magnitudes';
import type { Grid } from '../../stats/integerGrid';

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
  private readonly n: Float64Array;
  private readonly nx: Float64Array;
  private readonly nxx: Float64Array;

  constructor(private readonly magnitudes: Magnitudes) {
    const { counts } = magnitudes;
    const [n, nx, nxx] = [0, 0, 0].map(() => new Float64Array(counts.length + 1)) as Three;
    for (let i = 0; i < counts.length; i++) {
      const own = counts[i]!;
      const x = own === 0 ? 0 : magnitudes.centre(i);
      n[i + 1] = n[i]! + own;
      nx[i + 1] = nx[i]! + own * x;
      nxx[i + 1] = nxx[i]! + own * x * x;
    }
    this.n = n;
    this.nx = nx;
    this.nxx = nxx;
  }

  /** Σ n · (x̂ − x)² for a grid of this step that ends at `clip`. */
  error(clip: number, step: number): number {
    const { n, nx, nxx, magnitudes } = this;
    const most = Math.round(clip / step);
    let error = 0;
    let from = 0;
    for (let level = 0; level <= most; level++) {
      const to =
        level === most ? magnitudes.counts.length : magnitudes.firstCentredFrom((level + 0.5) * step);
      const value = level * step;
      error +=
        nxx[to]! - nxx[from]! - 2 * value * (nx[to]! - nx[from]!) + value * value * (n[to]! - n[from]!);
      from = to;
    }
    return error;
  }
}

type Three = [Float64Array, Float64Array, Float64Array];
