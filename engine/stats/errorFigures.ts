import { decibels } from './sqnr';

/** How far a tensor is off what it should be. */
export interface ErrorFigures {
  /** Signal power to noise power, in dB. */
  sqnrDb: number;
  /** Cosine of the angle between the two, from −1 to 1. */
  cosine: number;
}

/**
 * Both figures from three sums over the same values: Σ y², Σ (ŷ − y)² and Σ ŷ² for an exact y. Two lists of zeros are alike (1);
 * one of them beside another list is not (0), and nor is what is not finite.
 */
export function errorFigures(signal: number, noise: number, rounded: number): ErrorFigures {
  return { sqnrDb: decibels(signal, noise), cosine: cosineOf(signal, noise, rounded) };
}

function cosineOf(signal: number, noise: number, rounded: number): number {
  if (noise === 0) return 1;
  const norms = Math.sqrt(signal) * Math.sqrt(rounded);
  if (!(norms > 0) || !Number.isFinite(norms) || !Number.isFinite(noise)) return 0;
  // As what is missing to 1, which keeps the digits of small angles: 2·(1 − cos)·|y|·|ŷ| = Σ (ŷ − y)² − (|ŷ| − |y|)².
  const missing = (noise - (Math.sqrt(rounded) - Math.sqrt(signal)) ** 2) / (2 * norms);
  return 1 - Math.min(2, Math.max(0, missing));
}
