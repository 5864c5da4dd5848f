import type { Dataset, Truth } from '../samples/dataset';
import { meanCosine } from './cosineMetric';
import { createMetric } from './createMetric';
import type { Metric, Outputs, Reference, SampleScore } from './metric';
import { differencesOf } from './outputsOf';
import { meanSqnrDb, sqnrMetric } from './sqnrMetric';

/** How a model's outputs are scored; plain data that can be sent to a worker. */
export interface RatingRules extends Pick<Dataset, 'metric' | 'alphabet' | 'threshold' | 'outputs'> {
  /** The model's outputs in its order. */
  all: string[];
}

/** What is known of a sample; plain data too. */
export interface Expected {
  truth: Truth;
  /** What the metric remembers of the float model's outputs. */
  reference: Reference | null;
  /** The float model's outputs; `null` where they were not kept. */
  compared: Reference | null;
}

/** What a model scored on one sample. */
export interface Rating {
  score: SampleScore;
  /** Signal to noise of its outputs against the float model's, in dB; `null` where those were not kept. */
  sqnrDb: number | null;
  /** Cosine between the two; `null` likewise. */
  cosine: number | null;
}

export interface Rater {
  metric: Metric;
  comparison: Metric;
  /** @throws EngineError `bad-data` when the outputs are not what the metric reads */
  rate: (outputs: Outputs, expected: Expected) => Rating;
}

/** The rules that a data set asks for; `all` are the model's outputs in its order. */
export function rulesOf({ metric, alphabet, threshold, outputs }: Dataset, all: string[]): RatingRules {
  return { metric, alphabet, threshold, outputs, all };
}

/** @throws EngineError `bad-data` when the rules name an output that the model does not have */
export function createRater(rules: RatingRules): Rater {
  const metric = createMetric(rules, rules.all);
  // Noise in what the metric does not look at would tell apart what makes no difference.
  const names = rules.outputs ?? rules.all;
  return {
    metric,
    comparison: sqnrMetric(names),
    rate: (outputs, { truth, reference, compared }) => {
      const score = metric.score(outputs, truth, reference);
      if (compared === null) return { score, sqnrDb: null, cosine: null };
      const differences = differencesOf(outputs, names, compared);
      return { score, sqnrDb: meanSqnrDb(differences), cosine: meanCosine(differences) };
    },
  };
}
