import { MAX_SQNR_DB } from '../../shared/accuracyTarget';
import type { Difference } from './differenceOf';
import type { Metric } from './metric';
import { differencesOf } from './outputsOf';
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
      const differences = differencesOf(outputs, outputNames, reference);
      return { value: meanSqnrDb(differences), weight: 1 };
    },
  };
}

/** Mean over outputs, in dB; 100 dB where there is none. */
export function meanSqnrDb(differences: readonly Difference[]): number {
  const sum = differences.reduce((total, one) => total + sqnrDb(one), 0);
  return differences.length === 0 ? MAX_SQNR_DB : sum / differences.length;
}

/** Within ±100 dB: 100 for equal values; −100 when one is not finite or the lengths differ. */
export function sqnrDb({ signal, noise }: Difference): number {
  if (!Number.isFinite(signal) || !Number.isFinite(noise)) return -MAX_SQNR_DB;
  if (noise === 0) return MAX_SQNR_DB;
  return Math.min(MAX_SQNR_DB, Math.max(-MAX_SQNR_DB, 10 * Math.log10(signal / noise)));
}
