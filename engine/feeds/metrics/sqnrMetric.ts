import { MAX_SQNR_DB } from '../../target';
import { numbersOf } from '../elementTypes';
import type { Metric } from './metric';
import { besideReference } from './outputsOf';
import { rememberFloats } from './rememberFloats';

/**
 * Signal to quantization noise of the model's outputs against the float model's, in dB: the mean over outputs and
 * samples of 10 · log10(Σ f² / Σ (f − q)²), kept within ±100 dB.
 */
export function sqnrMetric(outputNames: readonly string[]): Metric {
  return {
    name: 'sqnr',
    reference: (outputs) => rememberFloats(outputs, outputNames),
    score(outputs, _truth, reference) {
      const decibels = besideReference(outputs, outputNames, reference).map(({ output, remembered }) =>
        sqnrDb(remembered.values, numbersOf(output)),
      );
      const sum = decibels.reduce((total, one) => total + one, 0);
      return { value: decibels.length === 0 ? MAX_SQNR_DB : sum / decibels.length, weight: 1 };
    },
  };
}

/** Within ±100 dB: 100 for equal values; −100 when one is not finite or the lengths differ. */
export function sqnrDb(float: ArrayLike<number>, quantized: ArrayLike<number>): number {
  if (float.length !== quantized.length) return -MAX_SQNR_DB;
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < float.length; i++) {
    const value = float[i] ?? 0;
    // Both rounded to float32, as the float model's values were when they were kept.
    const error = value - Math.fround(quantized[i] ?? 0);
    signal += value * value;
    noise += error * error;
  }
  if (!Number.isFinite(signal) || !Number.isFinite(noise)) return -MAX_SQNR_DB;
  if (noise === 0) return MAX_SQNR_DB;
  return Math.min(MAX_SQNR_DB, Math.max(-MAX_SQNR_DB, 10 * Math.log10(signal / noise)));
}
