import type { Affine } from '../../quantize/affine';
import type { HistogramState } from '../../stats/histogram';
import { linearBins } from '../../stats/linearBins';

/**
 * Noise that a grid adds to a tensor, as a share of the tensor's power: a twelfth of a squared step for values within the
 * grid, and the squared distance to its end for those beyond, by the counts of a histogram.
 */
export function gridNoise(state: HistogramState, { scale, zeroPoint, low, high }: Affine): number {
  const { binWidth, positive, negative } = linearBins(state);
  const [least, most] = [(low - zeroPoint) * scale, (high - zeroPoint) * scale];
  let [signal, noise] = [0, 0];
  const add = (x: number, count: number) => {
    const beyond = Math.max(0, x - most, least - x);
    signal += count * x * x;
    noise += count * (beyond > 0 ? beyond * beyond : (scale * scale) / 12);
  };
  positive.forEach((count, i) => add((i + 0.5) * binWidth, count));
  negative.forEach((count, i) => add(-(i + 0.5) * binWidth, count));
  return signal === 0 ? 0 : noise / signal;
}
