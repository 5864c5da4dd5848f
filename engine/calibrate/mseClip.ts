import type { Magnitudes } from '../stats/magnitudes';
import type { Grid } from './grid';

/** Candidate clips between a hundredth of the maximum and the maximum. */
const CANDIDATES = 200;

/**
 * The clip that minimises Σ counts · (x̂ − x)², each bin's values taken at its centre
 * (paper, section on calibration). Exact zeros are exact on every grid and cost nothing.
 */
export function mseClip({ counts, binWidth, zeros, max }: Magnitudes, grid: Grid): number {
  if (max === 0) return 0;
  let best = { clip: max, error: Infinity };
  for (let i = CANDIDATES; i >= 1; i--) {
    const clip = (max * i) / CANDIDATES;
    const step = grid.step(clip);
    let error = 0;
    for (let b = 0; b < counts.length && error < best.error; b++) {
      const n = b === 0 ? counts[0]! - zeros : counts[b]!;
      if (n === 0) continue;
      const x = (b + 0.5) * binWidth;
      const quantized = Math.round(Math.min(x, clip) / step) * step;
      error += n * (quantized - x) ** 2;
    }
    if (error < best.error) best = { clip, error };
  }
  return best.clip;
}
