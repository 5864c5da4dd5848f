import { formatPlural, formatScore } from '../shared/format';
import type { Measured } from '../evaluate/baseline';
import type { Int8Result, NotebookEntry } from '../shared/protocol/report';
import { comparesWithFloat } from '../shared/accuracyTarget';

export interface ClaimFacts {
  measured: { evaluator: Pick<Measured['evaluator'], 'float' | 'floatSamples'>; layers: readonly unknown[] };
  result: Pick<Int8Result, 'metric'>;
  notebook: readonly NotebookEntry[];
}

/** What the metric is not enough to say, in sentences; what samples are not, the verdict says. */
export function claimWarnings({ measured, result, notebook }: ClaimFacts): string[] {
  const { metric } = result;
  const { float, floatSamples } = measured.evaluator;
  if (!comparesWithFloat(metric) && floatSamples.every(({ value }) => value <= 0))
    return [
      `Float itself gets nothing right on any of ${formatPlural(floatSamples.length, 'sample')} (${formatScore(metric, float)}), so that nothing can be said of int8. The truth, the metric or the preparation of the samples does not fit this model, or its outputs hold NaN.`,
    ];
  const warnings: string[] = [];
  const tried = notebook.filter(({ step }) => step !== 'verification' && step !== 'latency');
  const [first] = tried;
  if (tried.length > 1 && first !== undefined && tried.every(({ score }) => score === first.score))
    warnings.push(
      `Everything that was tried scores ${formatScore(metric, first.score)}: on these samples the metric tells nothing apart, and the noise of the outputs decided.`,
    );
  if (measured.layers.length === 1)
    warnings.push('The model has one layer: there is nothing to choose between.');
  return warnings;
}
