import { NORMAL_95 } from '../shared/confidence';

/** A weighted value of one sample: a score is Σ value · weight / Σ weight. */
export interface WeightedValue {
  value: number;
  weight: number;
}

/** How far two models' scores on the same samples are apart. */
export interface PairedDifference {
  /** Of the second against the first: negative where it scores less. */
  difference: number;
  /** Of the difference; 0 for fewer than two samples, which tell nothing of it. */
  standardError: number;
}

/** And 97.5%. */
export const NORMAL_97_5 = 2.24;

/**
 * Difference of two weighted means over the same samples, with the standard error of a ratio estimator (Cochran, "Sampling
 * Techniques", section 6.3): what both models find hard or easy cancels out, so that far fewer samples tell them apart.
 * Where hardly any sample changed it says less than it should, and 0 where none did.
 */
export function pairedDifference(
  first: readonly WeightedValue[],
  second: readonly WeightedValue[],
): PairedDifference {
  const count = Math.min(first.length, second.length);
  let weights = 0;
  let sum = 0;
  const changes = Array.from({ length: count }, (_, i) => {
    const { value, weight } = first[i]!;
    const change = (second[i]!.value - value) * weight;
    weights += weight;
    sum += change;
    return { change, weight };
  });
  if (weights === 0) return { difference: 0, standardError: 0 };
  const difference = sum / weights;
  if (count < 2) return { difference, standardError: 0 };
  const squares = changes.reduce((n, { change, weight }) => n + (change - difference * weight) ** 2, 0);
  return { difference, standardError: Math.sqrt((squares * count) / (count - 1)) / weights };
}

/** The difference with the ends of its interval of 95%. */
export function interval95({ difference, standardError }: PairedDifference): {
  difference: number;
  low: number;
  high: number;
} {
  const half = NORMAL_95 * standardError;
  return { difference, low: difference - half, high: difference + half };
}
