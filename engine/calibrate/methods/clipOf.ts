import type { CalibrationMethod } from '../../shared/protocol/choices';
import { Magnitudes } from '../../stats/magnitudes';
import type { HistogramState } from '../../stats/histogram';
import { entropyClip } from './entropyClip';
import type { Grid } from '../../stats/integerGrid';
import { maxClip } from './maxClip';
import { mseClip } from './mseClip';
import { percentileClip } from './percentileClip';

/** Every method that a report shows; where scores tie, the earlier one is taken. */
export const methods: readonly CalibrationMethod[] = [
  'mse',
  'max',
  'entropy',
  'percentile:99.9',
  'percentile:99.99',
  'percentile:99.999',
  'percentile:99.9999',
];

/** The clips on |x| that methods choose for a tensor, in their order; 0 when the tensor was always zero. */
export function clipsOf(wanted: readonly CalibrationMethod[], state: HistogramState, grid: Grid): number[] {
  const folded = new Magnitudes(state);
  return wanted.map((method) => {
    // Nothing but zeros, or what is as good as they are.
    if (folded.counts.length === 0) return folded.max;
    switch (method) {
      case 'max':
        return maxClip(folded);
      case 'entropy':
        return entropyClip(folded, grid);
      case 'mse':
        return mseClip(folded, grid);
      default:
        return percentileClip(folded, Number(method.slice('percentile:'.length)));
    }
  });
}
