import type { NumberData } from '../samples/elementTypes';

export interface TensorFigures {
  /** Of the finite values; `null` when there are none. */
  min: number | null;
  max: number | null;
  mean: number | null;
  /** NaN and infinities. */
  nonFinite: number;
}

/** Range and mean of a tensor's values. */
export function tensorFigures(values: NumberData): TensorFigures {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let nonFinite = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) {
      nonFinite++;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  const finite = values.length - nonFinite;
  if (finite === 0) return { min: null, max: null, mean: null, nonFinite };
  return { min, max, mean: sum / finite, nonFinite };
}
