import { badData } from '../samples/badData';
import type { Truth } from '../samples/dataset';
import { numbersOf, shapeText } from '../samples/elementTypes';
import type { Metric } from './metric';
import { firstFloatOutput } from './outputsOf';

/**
 * Share of samples whose true class is among the `k` with the largest scores. Of equal scores the lower class
 * counts as the larger one, so a model that answers the same for all classes is not right by chance.
 * Reads the first output of floats, which must hold one score per class: a shape with one axis above 1.
 */
export function topKMetric(k: 1 | 5, outputNames: readonly string[]): Metric {
  return {
    name: k === 1 ? 'top1' : 'top5',
    reference: () => null,
    score(outputs, truth) {
      const output = firstFloatOutput(outputs, outputNames);
      const scores = numbersOf(output);
      if (output.dims.filter((dim) => dim !== 1).length > 1)
        throw badData(
          `The model answers with the shape ${shapeText(output.dims)}, which is not one score per class.`,
          'Take metric "agreement", "sqnr" or "cosine".',
        );
      return { value: rankOf(scores, classOf(truth, scores.length)) < k ? 1 : 0, weight: 1 };
    },
  };
}

function classOf(truth: Truth, classes: number): number {
  if (typeof truth === 'number' && Number.isInteger(truth) && truth >= 0 && truth < classes) return truth;
  throw badData(
    `A sample's truth is ${JSON.stringify(truth)}, and the model tells ${classes} classes apart.`,
    `Give each sample a class from 0 to ${classes - 1}.`,
  );
}

/** How many classes beat this one; infinite when any score is not finite. */
function rankOf(scores: ArrayLike<number>, truth: number): number {
  const own = scores[truth] ?? NaN;
  let rank = 0;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? NaN;
    if (!Number.isFinite(score)) return Infinity;
    if (score > own || (score === own && i < truth)) rank++;
  }
  return rank;
}
