import type { Tensor } from '../samples/dataset';
import { isFloat, type NumberData, numbersOf } from '../samples/elementTypes';
import { argmax } from './argmax';
import type { Metric, RememberedOutput } from './metric';
import { besideReference } from './outputsOf';

/**
 * Share of answers that are the float model's, over all outputs of a sample.
 *
 * - Floats whose last axis is above 1: an answer is the index of the largest value along that axis.
 * - Other floats have no classes to choose from: an answer is the side of 0.5 that a value is on when the float
 *   model's values all lie from 0 to 1, as probabilities do; otherwise the side of 0, as for their logits.
 * - Integers and booleans: an answer is the value itself.
 *
 * An answer from values that are not finite agrees with none; a model whose outputs have another length (as
 * detectors' do when they find more) disagrees on what is missing.
 */
export function agreementMetric(outputNames: readonly string[]): Metric {
  return {
    name: 'agreement',
    reference: (outputs) =>
      Object.fromEntries(
        Object.entries(outputs)
          .filter(([name]) => outputNames.includes(name))
          .map(([name, output]) => [name, remember(output)]),
      ),
    score(outputs, _truth, reference) {
      let same = 0;
      let all = 0;
      for (const { output, remembered } of besideReference(outputs, outputNames, reference)) {
        const answers = answersOf(output, remembered.threshold);
        for (let i = 0; i < Math.min(answers.length, remembered.values.length); i++)
          if (answers[i] === remembered.values[i] && answers[i] !== UNKNOWN) same++;
        all += Math.max(answers.length, remembered.values.length);
      }
      return { value: all === 0 ? 1 : same / all, weight: 1 };
    },
  };
}

/** The answer of values that are not finite. */
const UNKNOWN = -1;

function remember(output: Tensor): RememberedOutput {
  const threshold = hasClasses(output) || !isFloat(output.type) ? null : thresholdFor(numbersOf(output));
  return { values: answersOf(output, threshold), threshold };
}

function hasClasses({ type, dims }: Tensor): boolean {
  return isFloat(type) && (dims.at(-1) ?? 1) > 1;
}

function thresholdFor(values: NumberData): number {
  return values.every((value) => value >= 0 && value <= 1) ? 0.5 : 0;
}

function answersOf(output: Tensor, threshold: number | null): Int32Array | Float64Array {
  const values = numbersOf(output);
  if (!isFloat(output.type)) return Float64Array.from(values);
  if (!hasClasses(output))
    return Int32Array.from(values, (value) =>
      Number.isFinite(value) ? Number(value >= (threshold ?? 0)) : UNKNOWN,
    );
  const classes = output.dims.at(-1) ?? 1;
  return Int32Array.from({ length: values.length / classes }, (_, row) =>
    argmax(values, row * classes, classes),
  );
}
