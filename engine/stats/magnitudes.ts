import { NEGATIVE, octaveBins, type HistogramState } from './histogram';

/** The distribution of |x|: what every calibrator looks at. */
export interface Magnitudes {
  /** `counts[i]` counts |x| in [lower[i], lower[i] + width[i]); ascending, without empty bins and without zeros. */
  lower: Float64Array;
  width: Float64Array;
  counts: Float64Array;
  /** Values that every grid rounds to zero; in no bin. */
  zeros: number;
  total: number;
  /** Largest |x|, exact. */
  max: number;
}

/** Folds both sides of a histogram onto |x|. */
export function magnitudes(state: HistogramState): Magnitudes {
  const folded = foldedOctaves(state);
  const kept = folded.reduce((sum, { counts }) => sum + counts.filter((n) => n > 0).length, 0);
  const [lower, width, counts] = [kept, kept, kept].map((n) => new Float64Array(n)) as Triple;
  let to = 0;
  for (const { octave, counts: all } of folded) {
    const bins = octaveBins(octave);
    for (const [i, n] of all.entries()) {
      if (n === 0) continue;
      lower[to] = bins.from + i * bins.width;
      width[to] = bins.width;
      counts[to++] = n;
    }
  }
  return { lower, width, counts, zeros: state.zeros, total: state.finite, max: largest(state) };
}

type Triple = [Float64Array, Float64Array, Float64Array];

/** Largest |x|. */
export function largest({ min, max }: Pick<HistogramState, 'min' | 'max'>): number {
  return Math.max(Math.abs(min), Math.abs(max));
}

/** Octaves of |x| in ascending order, without zeros. */
function foldedOctaves({ octaves }: HistogramState): HistogramState['octaves'] {
  const folded = new Map<number, Float64Array>();
  for (const { octave, counts } of octaves) {
    const exponent = octave % NEGATIVE;
    const own = folded.get(exponent) ?? new Float64Array(counts.length);
    counts.forEach((n, i) => (own[i] = (own[i] ?? 0) + n));
    if (exponent === 0) own[0] = 0;
    folded.set(exponent, own);
  }
  return [...folded].map(([octave, counts]) => ({ octave, counts })).sort((a, b) => a.octave - b.octave);
}
