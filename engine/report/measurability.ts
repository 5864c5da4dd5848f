import { formatDb, formatMetric, formatPlural, formatScore } from '../shared/format';
import type { MetricName } from '../shared/protocol/choices';
import type { Evaluator } from '../evaluate/evaluator';
import { comparesWithFloat } from '../shared/accuracyTarget';

/** What of an evaluation says whether anything can be measured by it. */
export type MeasurableFacts = Pick<Evaluator, 'float' | 'floatSamples' | 'findings'>;

/**
 * Why an evaluation measures nothing, as a sentence; `null` where it does.
 * @param data what is wrong with the samples themselves
 * @param sqnrDb of the model that is judged: noise tells of it where answers do not
 */
export function whyNotMeasurable(
  metric: MetricName,
  { float, floatSamples, findings }: MeasurableFacts,
  data: string | null,
  sqnrDb: number,
): string | null {
  const samples = formatPlural(floatSamples.length, 'sample');
  const { notFinite, isAlike, isOneAnswer, repeatedDb } = findings;
  if (floatSamples.length === 0 || floatSamples.every(({ weight }) => weight === 0))
    return 'No sample has anything to score.';
  if (2 * notFinite.length > findings.samples)
    return `Float itself answers NaN or infinities in ${notFinite.length} of ${formatPlural(findings.samples, 'sample')}, first in ${notFinite[0] ?? ''}: there is nothing to hold int8 against. Check the ranges of the data, or the model.`;
  if (data !== null) return data;
  if (repeatedDb !== null)
    return `The float model answers differently when a sample is run again (${formatDb(repeatedDb)}): it draws random numbers, and what int8 changes cannot be told from chance.`;
  if (isAlike)
    return `The float model answers the same for all ${samples}: what int8 changes for others does not show. Check the data, and whether the model reads its input.`;
  if (!comparesWithFloat(metric) && floatSamples.every(({ value }) => value <= 0))
    return `Float itself gets nothing right on any of ${samples} (${formatScore(metric, float)}), so that nothing can be said of int8.`;
  if (isOneAnswer)
    return `All ${samples} get the same answer from float, so that ${formatMetric(metric).toLowerCase()} cannot tell what int8 changes. The noise at the outputs says more: ${formatDb(sqnrDb)} (SQNR). Add samples with other answers, or take metric "sqnr".`;
  return null;
}
