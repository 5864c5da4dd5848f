import { numbersOf } from '../elementTypes';
import type { Metric } from './metric';
import { besideReference } from './outputsOf';
import { rememberFloats } from './rememberFloats';

/** Cosine of the angle between the model's outputs and the float model's: the mean over outputs and samples. */
export function cosineMetric(outputNames: readonly string[]): Metric {
  return {
    name: 'cosine',
    reference: (outputs) => rememberFloats(outputs, outputNames),
    score(outputs, _truth, reference) {
      const cosines = besideReference(outputs, outputNames, reference).map(({ output, remembered }) =>
        cosine(remembered.values, numbersOf(output)),
      );
      const sum = cosines.reduce((total, one) => total + one, 0);
      return { value: cosines.length === 0 ? 1 : sum / cosines.length, weight: 1 };
    },
  };
}

/**
 * From −1 to 1. Two lists of zeros are alike (1); one of them beside another list is not (0). 0 too when a value is
 * not finite or the lengths differ.
 */
export function cosine(float: ArrayLike<number>, quantized: ArrayLike<number>): number {
  if (float.length !== quantized.length) return 0;
  let product = 0;
  let floatPower = 0;
  let quantizedPower = 0;
  for (let i = 0; i < float.length; i++) {
    const f = float[i] ?? 0;
    const q = quantized[i] ?? 0;
    product += f * q;
    floatPower += f * f;
    quantizedPower += q * q;
  }
  if (!Number.isFinite(floatPower) || !Number.isFinite(quantizedPower)) return 0;
  if (floatPower === 0 || quantizedPower === 0) return floatPower === quantizedPower ? 1 : 0;
  return Math.min(1, Math.max(-1, product / Math.sqrt(floatPower) / Math.sqrt(quantizedPower)));
}
