import { BINS_PER_OCTAVE, NEGATIVE, octaveBins, type HistogramState } from './histogram';
import { largest } from './magnitudes';

/** Bins on each side of zero of {@link LinearBins}. At least half of one side's are in use. */
export const LINEAR_BINS = 2 * BINS_PER_OCTAVE;

/** A histogram with bins of one width. */
export interface LinearBins {
  /** A power of two: that of the octave in which the largest |x| lies. 0 when there are only zeros. */
  binWidth: number;
  /** `positive[i]` counts values in [i·binWidth, (i+1)·binWidth); zeros are here. */
  positive: Float64Array;
  /** `negative[i]` counts values in (−(i+1)·binWidth, −i·binWidth]. */
  negative: Float64Array;
}

/** The same counts in bins of one width. Every octave's bins fit into these exactly, so nothing is estimated. */
export function linearBins(state: HistogramState): LinearBins {
  const positive = new Float64Array(LINEAR_BINS);
  const negative = new Float64Array(LINEAR_BINS);
  const top = Math.max(0, ...state.octaves.map(({ octave }) => octave % NEGATIVE));
  const binWidth = octaveBins(top).width;
  for (const { octave, counts } of state.octaves) {
    const { from, width } = octaveBins(octave);
    const side = octave < NEGATIVE ? positive : negative;
    for (const [i, n] of counts.entries()) {
      const bin = Math.floor((from + i * width) / binWidth);
      if (n > 0) side[bin] = (side[bin] ?? 0) + n;
    }
  }
  return { binWidth: largest(state) === 0 ? 0 : binWidth, positive, negative };
}
