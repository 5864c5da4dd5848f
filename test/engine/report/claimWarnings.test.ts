import { expect, test } from 'vitest';
import { claimWarnings, type ClaimFacts } from '../../../engine/report/claimWarnings';
import type { NotebookEntry } from '../../../engine/shared/protocol/report';

const entry = (score: number, step: NotebookEntry['step'] = 'calibrator'): NotebookEntry => ({
  ...{ step, tried: 'max', score, difference: 0, standardError: 0, sqnrDb: 20, kept: false },
});

/** Right on three of four samples. */
function facts(more: Partial<ClaimFacts> = {}, values = [1, 1, 1, 0]): ClaimFacts {
  const float = values.reduce((a, b) => a + b, 0) / values.length;
  return {
    measured: {
      evaluator: { float, floatSamples: values.map((value) => ({ value, weight: 1 })) },
      layers: ['a', 'b'],
    },
    result: { metric: 'top1' },
    notebook: [entry(0.75), entry(0.7), entry(0.75, 'verification')],
    ...more,
  };
}

test('says nothing where there is nothing to say', () => {
  expect(claimWarnings(facts())).toEqual([]);
});

test('a metric that finds nothing right in float says nothing of int8', () => {
  const [only, ...others] = claimWarnings(facts({}, [0, 0, 0]));
  expect(only).toMatch(/^Float itself gets nothing right on any of 3 samples \(0\.0%\)/);
  expect(others).toEqual([]);
  // Edits beyond the truth's length make it less than nothing.
  expect(claimWarnings(facts({}, [0, -0.2]))[0]).toMatch(/^Float itself gets nothing right/);
});

test('a metric that gives everything the same score tells nothing apart', () => {
  const same = [entry(0.75), entry(0.75), entry(0.5, 'verification')];
  expect(claimWarnings(facts({ notebook: same }))).toEqual([
    'Everything that was tried scores 75.0%: on these samples the metric tells nothing apart, and the noise of the outputs decided.',
  ]);
  // One try is no choice.
  expect(claimWarnings(facts({ notebook: same.slice(1) }))).toEqual([]);
});

test('one layer leaves nothing to choose between', () => {
  const { measured } = facts();
  expect(claimWarnings(facts({ measured: { ...measured, layers: ['a'] } }))).toEqual([
    'The model has one layer: there is nothing to choose between.',
  ]);
});
