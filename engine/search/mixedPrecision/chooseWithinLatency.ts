import { EngineError } from '../../shared/engineError';
import type { Budget } from '../../shared/protocol/choices';
import type { MeasuredChoice } from './gridCosts';
import { chooseWithin, limitOf, type Question } from './gridProgram';

/** Each round builds and times a network. */
const MOST_ROUNDS = 4;

/**
 * The choices that cost least within all budgets, a budget of time by the clock: conversions where grids alternate are in no
 * layer's time, so that a network which takes longer than its budget is chosen anew with a prediction that much lower.
 * @param timeOf measures a network; in shares of float's time
 * @returns the first network that keeps to it; else the fastest that was timed
 * @throws EngineError `bad-option` for budgets that cannot even be kept in prediction, `runtime`, `cancelled`
 */
export async function chooseTimed(
  question: Question,
  budgets: readonly Budget[],
  timeOf: (choices: readonly MeasuredChoice[]) => Promise<number>,
): Promise<MeasuredChoice[]> {
  const { floatUse } = question;
  let choices = await chooseWithin(question, budgets);
  const times = budgets.filter((b) => b.resource === 'latency');
  if (times.length === 0 || floatUse.latency === 0) return choices;
  const others = budgets.filter((b) => b.resource !== 'latency');
  const wanted = Math.min(...times.map((b) => limitOf(b, floatUse))) / floatUse.latency;
  let limit = wanted;
  let fastest = { choices, share: Infinity };
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const share = await timeOf(choices);
    if (share <= wanted) return choices;
    if (share < fastest.share) fastest = { choices, share };
    limit *= wanted / share;
    try {
      choices = await chooseWithin(question, [...others, { resource: 'latency', limit, isShare: true }]);
    } catch (thrown) {
      // No faster one is foretold.
      if (thrown instanceof EngineError && thrown.code === 'bad-option') break;
      throw thrown;
    }
  }
  return fastest.choices;
}
