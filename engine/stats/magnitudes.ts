import type { HistogramState } from './histogram';

/** The distribution of |x|: what every calibrator looks at. */
export interface Magnitudes {
  binWidth: number;
  /** `counts[i]` counts |x| in [i·binWidth, (i+1)·binWidth); ends with the last bin that holds a value. */
  counts: Float64Array;
  /** Values that are exactly zero; they are in `counts[0]` too. */
  zeros: number;
  total: number;
  /** Largest |x|. */
  max: number;
}

/** Folds both sides of a histogram onto |x|. */
export function magnitudes(state: HistogramState): Magnitudes {
  const sum = state.positive.map((n, i) => n + state.negative[i]!);
  const last = sum.findLastIndex((n) => n > 0);
  return {
    binWidth: state.binWidth,
    counts: sum.subarray(0, last + 1),
    zeros: state.zeros,
    total: state.finite,
    max: Math.max(Math.abs(state.min), Math.abs(state.max)),
  };
}
