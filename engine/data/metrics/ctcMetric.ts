import { badData } from '../samples/badData';
import type { Tensor } from '../samples/dataset';
import { numbersOf, shapeText } from '../samples/elementTypes';
import { argmax } from './argmax';
import { editDistance } from './editDistance';
import type { Metric } from './metric';
import { firstFloatOutput } from './outputsOf';

/**
 * Character accuracy of a text recognizer: 1 − edits / characters.
 *
 * A sample weighs as much as its truth has characters, so that the score of all samples is
 * 1 − Σ edits / Σ characters. Its value is negative when more edits are needed than the truth has characters;
 * cutting it at 0 would break that sum. An output with NaN or infinity scores 0.
 * @param alphabet the characters of classes 1, 2, …; class 0 is the blank
 */
export function ctcMetric(alphabet: readonly string[], outputNames: readonly string[]): Metric {
  return {
    name: 'ctc',
    reference: () => null,
    score(outputs, truth) {
      if (typeof truth !== 'string')
        throw badData(`A sample's truth is ${JSON.stringify(truth)}.`, 'Metric "ctc" needs a text.');
      const wanted = Array.from(truth);
      const weight = Math.max(1, wanted.length);
      const read = decodeCtc(firstFloatOutput(outputs, outputNames), alphabet);
      return { value: read === null ? 0 : 1 - editDistance(read, wanted) / weight, weight };
    },
  };
}

/**
 * Greedy decoding (Graves et al. 2006, "Connectionist Temporal Classification", section 3.2, best path): the best
 * class of each step, repeats merged, blanks dropped.
 * @param output [1,T,C] or [T,C], with C = 1 + the alphabet's size
 * @returns the characters; `null` when a value is not finite
 * @throws EngineError `bad-data` when the shape is another one
 */
export function decodeCtc(output: Tensor, alphabet: readonly string[]): string[] | null {
  const classes = output.dims.at(-1) ?? 0;
  const steps = output.dims.at(-2) ?? 0;
  const single = output.dims.length === 2 || (output.dims.length === 3 && output.dims[0] === 1);
  if (!single || classes !== alphabet.length + 1)
    throw badData(
      `The model answers with the shape ${shapeText(output.dims)}, and the alphabet has ${alphabet.length} characters.`,
      `Metric "ctc" needs [1,steps,${alphabet.length + 1}]: the blank and then the characters. Correct the alphabet, or "space".`,
    );
  const values = numbersOf(output);
  const text: string[] = [];
  let previous = 0;
  for (let step = 0; step < steps; step++) {
    const best = argmax(values, step * classes, classes);
    if (best < 0) return null;
    if (best !== previous && best !== 0) text.push(alphabet[best - 1] ?? '');
    previous = best;
  }
  return text;
}
