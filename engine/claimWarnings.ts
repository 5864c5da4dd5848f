import { formatAmount, formatPlural, formatScore } from './format';
import type { Measured } from './preparation';
import type { Int8Result, NotebookEntry, SettledSettings } from './protocol';
import { comparesWithFloat, targetScore } from './target';

export interface ClaimFacts {
  settings: Pick<SettledSettings, 'targetDrop' | 'evaluationSamples'>;
  measured: { evaluator: Pick<Measured['evaluator'], 'float' | 'floatSamples'>; layers: readonly unknown[] };
  result: Pick<Int8Result, 'metric' | 'difference'>;
  notebook: readonly NotebookEntry[];
}

/** What samples and metric are not enough to say, in sentences. */
export function claimWarnings({ settings, measured, result, notebook }: ClaimFacts): string[] {
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
  return [...warnings, ...fewSamples(settings, float, result)];
}

/** Twice the interval takes a fourth of the samples. */
function fewSamples(
  { targetDrop, evaluationSamples }: ClaimFacts['settings'],
  float: number,
  { metric, difference: { low, high } }: ClaimFacts['result'],
): string[] {
  if (metric === 'sqnr') return [];
  if (evaluationSamples === 1) return ['One sample proves the result: it says nothing of others. Add some.'];
  const allowed = float - targetScore(metric, float, targetDrop);
  const reach = (high - low) / 2;
  if (allowed <= 0 || reach <= allowed) return [];
  const wanted = Math.ceil(evaluationSamples * (reach / allowed) ** 2);
  return [
    `${formatPlural(evaluationSamples, 'sample')} tell the difference from float to ±${formatAmount(metric, reach)}, more than the ${formatAmount(metric, allowed)} that may be lost: whether the target is met takes about ${wanted} to say.`,
  ];
}
