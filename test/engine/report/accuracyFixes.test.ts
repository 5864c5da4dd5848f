import { expect, test } from 'vitest';
import { fixesOf, type FixFacts } from '../../../engine/report/accuracyFixes';
import { fixCost, fixGain } from '../../../engine/shared/findings';
import type { Layer } from '../../../engine/onnx/layers/layers';
import type { NotebookEntry, OperatorReport } from '../../../engine/shared/protocol/report';
import type { RemedyName } from '../../../engine/shared/protocol/choices';
import { makeTensor } from '../../../engine/onnx/tensors/elements';

const entry = (
  step: NotebookEntry['step'],
  tried: string,
  score: number,
  kept: boolean,
  ...remedies: RemedyName[]
): NotebookEntry => ({
  ...{ step, tried, score, difference: 0, standardError: 0.01, sqnrDb: 20, kept },
  ...(step === 'remedy' ? { network: { remedies, weights: 'per-channel' } } : {}),
});

const layer = (name: string, weights: number) =>
  ({ name, weight: makeTensor(`${name}.w`, [weights], new Float32Array(weights)) }) as Layer;

const operator = (name: string, score: number): OperatorReport => ({
  ...{ name, opType: 'Mul', block: null, sqnrDb: 20, outputDb: 10, drop: 0.1, standardError: 0.01 },
  ...{ samples: 64, without: { score, standardError: 0.01 }, decision: 'int8' },
});

/** Everything in int8 falls from 0.9 to 0.5. */
function facts(whole = 0.5): FixFacts {
  const without = (score: number) => ({
    pathDb: null,
    pathCosine: null,
    cause: null,
    without: { score, standardError: 0.01 },
  });
  return {
    metric: 'top1',
    targetDrop: 0.02,
    measured: {
      layers: [layer('small', 100), layer('large', 10_000), layer('harmless', 50)],
      costs: new Map([
        ['small', 10],
        ['large', 980],
        ['harmless', 10],
      ]),
      chooser: { float: 0.9 },
    },
    outcome: {
      wholeScore: whole,
      notebook: [
        entry('calibrator', 'max', 0.4, false),
        entry('calibrator', 'mse', whole, true),
        entry('remedy', 'Weights scaled per channel', 0.89, true),
        entry('remedy', 'Biases corrected', 0.891, false, 'correct-bias'),
      ],
      explained: new Map([
        ['small', without(0.7)],
        ['large', without(0.89)],
        ['harmless', without(0.51)],
      ]),
      chosen: { choices: new Map([['large', 'float']]) } as unknown as FixFacts['outcome']['chosen'],
      floatCosts: new Map([['large', 0.25]]),
    },
    operators: [operator('m', 0.8), operator('n', 0.5)],
  };
}

test('what is enough comes first, the cheapest of it before all, and then what gains most', () => {
  const fixes = fixesOf(facts());
  expect(fixes.map(({ what, isEnough, taken }) => [what, isEnough, taken])).toEqual([
    ['Weights scaled per channel', true, true],
    ['Keep large in float', true, true],
    ['Keep m (Mul) in float', false, false],
    ['Keep small in float', false, false],
  ]);
  expect(fixes[1]).toMatchObject({ bytes: 30_000, floatShare: 0.98, milliseconds: 0.25, from: 0.5 });
});

test('gains and costs are said as people do', () => {
  const [remedy, large] = fixesOf(facts());
  expect(remedy && [fixGain('top1', remedy), fixCost(remedy)]).toEqual([
    '50.0% → 89.0% ± 1.0 points',
    'nothing as it runs',
  ]);
  expect(large && fixCost(large)).toBe('+30.0 kB, +98.0% of multiply-adds in float, +0.25 ms');
});

test('there is nothing to mend where everything in int8 is near enough', () => {
  expect(fixesOf(facts(0.89))).toEqual([]);
});

test('a remedy says what a recipe has to say for it: scales of weights are a setting', () => {
  const known = facts();
  const better = entry('remedy', 'Biases corrected; rounded', 0.95, false, 'round', 'correct-bias');
  const old = entry('remedy', 'Equalized', 0.96, false, 'equalize');
  delete old.network;
  known.outcome.notebook.push(better, old);
  const remedies = fixesOf(known).filter(({ kind }) => kind === 'remedy');
  expect(new Map(remedies.map(({ what, change }) => [what, change]))).toEqual(
    new Map([
      ['Weights scaled per channel', { weights: 'per-channel' }],
      ['Biases corrected; rounded', { remedies: ['round', 'correct-bias'] }],
      ['Equalized', undefined],
    ]),
  );
  expect(
    fixesOf(known)
      .filter(({ kind }) => kind !== 'remedy')
      .every((fix) => !('change' in fix)),
  ).toBe(true);
});
