import { badData } from '../samples/badData';
import type { Tensor } from '../samples/dataset';
import { isFloat, numbersOf } from '../samples/elementTypes';
import { differenceOf, type Difference } from './differenceOf';
import type { Outputs, Reference, RememberedOutput } from './metric';
import { ownValue } from '../../shared/ownValue';

/**
 * The output that a metric with truth reads: the first one of floats, in the model's order.
 * @throws EngineError `bad-data` when there is none
 */
export function firstFloatOutput(outputs: Outputs, names: readonly string[]): Tensor {
  for (const name of names) {
    const output = ownValue(outputs, name);
    if (output !== undefined && isFloat(output.type)) return output;
  }
  throw badData(
    `None of the model's outputs (${names.join(', ')}) holds floats.`,
    'Take metric "agreement", which needs no scores.',
  );
}

/** Every output beside what was remembered of it; both must be there. */
export function besideReference(
  outputs: Outputs,
  names: readonly string[],
  reference: Reference | null,
): { output: Tensor; remembered: RememberedOutput }[] {
  return names.map((name) => {
    const output = ownValue(outputs, name);
    const remembered = ownValue(reference ?? {}, name);
    if (output === undefined || remembered === undefined)
      throw badData(
        `Output "${name}" is missing from the run of the ${output === undefined ? 'model' : 'float model'}.`,
        'This metric compares the outputs of two models: both need the same outputs.',
      );
    return { output, remembered };
  });
}

/** What tells each output from what was remembered of it. */
export function differencesOf(
  outputs: Outputs,
  names: readonly string[],
  reference: Reference | null,
): Difference[] {
  return besideReference(outputs, names, reference).map(({ output, remembered }) =>
    differenceOf(remembered.values, numbersOf(output)),
  );
}
