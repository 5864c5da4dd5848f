import { errorFigures } from '../../stats/errorFigures';
import type { Difference } from './differenceOf';
import type { Metric } from './metric';
import { differencesOf } from './outputsOf';
import { rememberFloats } from './rememberFloats';

/** Cosine of the angle between the model's outputs and the float model's: the mean over outputs and samples. */
export function cosineMetric(outputNames: readonly string[]): Metric {
  return {
    name: 'cosine',
    reference: (outputs) => rememberFloats(outputs, outputNames),
    score: (outputs, _truth, reference) => ({
      value: meanCosine(differencesOf(outputs, outputNames, reference)),
      weight: 1,
    }),
  };
}

/** Mean over outputs, each as {@link errorFigures} has it; 1 where there is none. */
export function meanCosine(differences: readonly Difference[]): number {
  const sum = differences.reduce(
    (total, { signal, noise, power }) => total + errorFigures(signal, noise, power).cosine,
    0,
  );
  return differences.length === 0 ? 1 : sum / differences.length;
}
