import { numbersOf } from '../samples/elementTypes';
import type { Outputs, Reference } from './metric';

/** Copies of all outputs as float32, for metrics that compare values. */
export function rememberFloats(outputs: Outputs, outputNames: readonly string[]): Reference {
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([name]) => outputNames.includes(name))
      .map(([name, output]) => [name, { values: Float32Array.from(numbersOf(output)), threshold: null }]),
  );
}
