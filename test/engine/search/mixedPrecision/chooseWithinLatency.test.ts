import { expect, test } from 'vitest';
import type { Budget, LayerChoice } from '../../../../engine/shared/protocol/choices';
import { missedBudgets } from '../../../../engine/report/planReport';
import type { Layer } from '../../../../engine/onnx/layers/layers';
import { chooseTimed } from '../../../../engine/search/mixedPrecision/chooseWithinLatency';
import type { MeasuredChoice } from '../../../../engine/search/mixedPrecision/gridCosts';

const choice = (name: LayerChoice, noise: number, latency: number): MeasuredChoice => ({
  ...{ choice: name, noise, changes: [] },
  extra: { bytes: 0, bops: 0, latency },
});
const layer = { name: 'any' } as Layer;
/** Ten layers that gain a millisecond of 20 each, the first with the least noise. */
const question = {
  layers: Array.from({ length: 10 }, (_, i) => ({
    layer,
    choices: [choice('int8', 1 + i, -1), choice('float', 0, 0)],
  })),
  floatUse: { bytes: 1, bops: 1, latency: 20 },
  weights: {
    cost: (_: unknown, __: number, { noise }: MeasuredChoice) => noise,
    extra: ({ extra }: MeasuredChoice) => extra,
  },
};
const time = (limit: number): Budget => ({ resource: 'latency', limit, isShare: true });
const integers = (choices: readonly MeasuredChoice[]) => choices.filter((c) => c.choice === 'int8').length;

test('a network that the clock finds too slow is chosen anew', async () => {
  const timed: number[] = [];
  // Conversions eat up a third of what is gained.
  const chosen = await chooseTimed(question, [time(0.8)], (choices) => {
    timed.push(integers(choices));
    return Promise.resolve(1 - integers(choices) / 30);
  });
  expect(timed[0]).toBe(4);
  expect(integers(chosen)).toBeGreaterThanOrEqual(6);
  expect(integers(chosen)).toBeLessThan(10);
});

test('the fastest is taken where none keeps to it, and nothing is timed without a budget of time', async () => {
  const share = (choices: readonly MeasuredChoice[]) => Promise.resolve(1 - integers(choices) / 100);
  expect(integers(await chooseTimed(question, [time(0.55)], share))).toBeGreaterThanOrEqual(9);
  const never = () => Promise.reject(new Error('timed'));
  expect(integers(await chooseTimed(question, [{ ...time(2), resource: 'bops' }], never))).toBe(0);
});

test('budgets that are not kept are named with what was measured', () => {
  const result = { latencyMs: 9, speedup: { median: 1.25, low: 1, high: 2 } };
  const floatUse = { bytes: 100, bops: 100, latency: 12 };
  const of = (...budgets: Budget[]) => missedBudgets(budgets, result, { bytes: 31, bops: 20 }, floatUse);
  expect(of(time(0.8), { resource: 'latency', limit: 9, isShare: false })).toEqual([]);
  expect(of(time(0.7))).toEqual([{ budget: time(0.7), measured: 0.8 }]);
  const bytes: Budget = { resource: 'bytes', limit: 0.3, isShare: true };
  expect(of(bytes, { resource: 'bops', limit: 20, isShare: false })).toEqual([
    { budget: bytes, measured: 0.31 },
  ]);
});
