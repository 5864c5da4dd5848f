import type { HistogramState } from './histogram';

/** How the integer grid of a tensor follows from a clip on |x|. */
export interface Grid {
  /** Distance between neighbouring representable values when |x| is clipped at `clip`. */
  step(clip: number): number;
  /** Number of representable magnitudes from 0 to `clip`. */
  levels(clip: number): number;
}

/** Smallest and largest value that stay representable when |x| is clipped at `clip`; zero is always one of them. */
export function clippedRange(
  range: { min: number; max: number },
  clip: number,
): { min: number; max: number } {
  return { min: Math.max(Math.min(range.min, 0), -clip), max: Math.min(Math.max(range.max, 0), clip) };
}

/** The paper's scale quantization: 2^(b−1) − 1 steps on each side of zero (its equation for symmetric ranges). */
export function symmetricGrid(bits: number): Grid {
  const steps = 2 ** (bits - 1) - 1;
  return { step: (clip) => clip / steps, levels: () => steps + 1 };
}

/** The paper's affine quantization: 2^b − 1 steps between the clipped ends of the tensor's own range. */
export function affineGrid(bits: number, range: Pick<HistogramState, 'min' | 'max'>): Grid {
  const step = (clip: number) => {
    const { min, max } = clippedRange(range, clip);
    return (max - min) / (2 ** bits - 1);
  };
  return { step, levels: (clip) => Math.round(clip / step(clip)) + 1 };
}

/** The 8-bit grid that a tensor's calibrator aims at. */
export function gridOf(symmetric: boolean, range: Pick<HistogramState, 'min' | 'max'>): Grid {
  return symmetric ? symmetricGrid(8) : affineGrid(8, range);
}
