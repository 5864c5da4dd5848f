import { badData } from '../samples/badData';
import { numbersOf, shapeText } from '../samples/elementTypes';
import { isSteps } from '../samples/truthKinds';
import type { Metric } from './metric';
import { firstFloatOutput } from './outputsOf';

/**
 * Share of steps whose probability is on the right side of `threshold`: at or above it where the truth is 1.
 *
 * Reads the first output of floats, which must hold one value for each step: what a model with a state answers step
 * by step (`sequence`), or all at once. A sample weighs as much as it has steps. A value that is not finite is wrong.
 */
export function framesMetric(threshold: number, outputNames: readonly string[]): Metric {
  return {
    name: 'frames',
    reference: () => null,
    score(outputs, truth) {
      if (!isSteps(truth))
        throw badData("A sample's truth is no list of steps.", 'Metric "frames" needs 0 or 1 for each step.');
      const output = firstFloatOutput(outputs, outputNames);
      const values = numbersOf(output);
      if (values.length !== truth.length)
        throw badData(
          `The model answers with the shape ${shapeText(output.dims)}, and the truth has ${truth.length} steps.`,
          'Metric "frames" needs 0 or 1 for each step, those that the model runs: a wave is cut into whole frames.',
        );
      const right = truth.filter((one, i) => {
        const value = values[i] ?? NaN;
        return Number.isFinite(value) && value >= threshold === (one === 1);
      });
      return { value: truth.length === 0 ? 1 : right.length / truth.length, weight: truth.length };
    },
  };
}
