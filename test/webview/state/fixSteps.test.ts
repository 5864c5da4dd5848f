import { expect, test } from 'vitest';
import type { Fix, Report } from '../../../engine/shared/protocol/report';
import type { RemedyName, WeightGranularity } from '../../../engine/shared/protocol/choices';
import { fixStatus, fixStep } from '../../../webview/state/fixSteps';
import { type State } from '../../../webview/state/state';
import { initialState } from '../../../webview/state/store';
import { sampleReport } from '../sampleReport';

const fix = (more: Partial<Fix>): Fix => ({
  ...{ kind: 'remedy', what: 'x', names: [], from: 0, to: 1, standardError: 0.01, isEnough: false },
  ...{ bytes: 0, floatShare: 0, milliseconds: null, taken: false },
  ...more,
});
const equalize = fix({ change: { remedies: ['equalize'] } });
const bias = fix({ change: { remedies: ['correct-bias'] }, taken: true });

/** The advised model has its biases corrected. */
function report(named?: RemedyName[], weights: WeightGranularity = 'per-channel'): Report {
  const sample = sampleReport(3);
  const recipe = named === undefined ? {} : { recipe: { layers: [], operators: [], remedies: named } };
  return {
    ...sample,
    settings: { ...sample.settings, weights, ...recipe },
    decisions: { ...sample.decisions, remedies: named ?? ['correct-bias'] },
  };
}

const state = (decidedNetwork: State['decidedNetwork'] = {}): State => ({
  ...initialState(),
  decidedNetwork,
});
const step = (of: Fix, own: State['decidedNetwork'] = {}, by = report()) => {
  const found = fixStep(of, state(own), by);
  return found === null
    ? null
    : [found.label, found.message.type === 'decideNetwork' ? found.message.change : found.message];
};

test('the first remedy that is named comes beside those of the advised model', () => {
  expect(step(equalize)).toEqual(['Use It', { remedies: ['correct-bias', 'equalize'] }]);
  expect(step(bias)).toEqual(['Leave Out', { remedies: [] }]);
  expect(fixStatus(equalize, state()).words).toContain('not in the advised model');
  expect(fixStatus(bias, state())).toEqual({ words: 'The advised model has it', isOwn: false });
});

test('what was named is taken back: then the recipe says nothing', () => {
  const own = { remedies: ['correct-bias', 'equalize'] as RemedyName[] };
  expect(step(equalize, own)).toEqual(['As Advised', { remedies: null }]);
  expect(step(bias, own)).toEqual(['Leave Out', { remedies: ['equalize'] }]);
  expect(step(bias, { remedies: [] })).toEqual(['As Advised', { remedies: null }]);
  expect(step(equalize, { remedies: [] })).toEqual(['Use It', { remedies: ['equalize'] }]);
  expect(fixStatus(equalize, state(own))).toEqual({ words: 'Your recipe has it', isOwn: true });
  expect(fixStatus(bias, state({ remedies: [] })).words).toBe('Your recipe leaves it out');
});

test('several remedies go together, and leave those that were advised', () => {
  const both = fix({ change: { remedies: ['round', 'correct-bias'] } });
  expect(step(both)).toEqual(['Use It', { remedies: ['correct-bias', 'round'] }]);
  expect(step(both, { remedies: ['correct-bias', 'round'] })).toEqual(['As Advised', { remedies: null }]);
});

test('remedies of an analysis that was told them are left to it again', () => {
  const own = { remedies: ['equalize'] as RemedyName[] };
  expect(step(equalize, own, report(['equalize']))).toEqual(['Leave It to the Analysis', { remedies: null }]);
  expect(step(equalize, { remedies: [] }, report(['equalize']))?.[0]).toBe('Use It');
});

test('scales that were found to pay are named with the remedies, since nothing else is done beside those', () => {
  const scaled = report(undefined, 'per-tensor');
  const expected = { remedies: ['correct-bias', 'equalize'], weights: 'per-channel' };
  expect(step(equalize, {}, scaled)).toEqual(['Use It', expected]);
  expect(step(equalize, { weights: 'per-tensor' }, scaled)?.[1]).not.toHaveProperty('weights');
});

test('scales for each channel are a setting', () => {
  const scales = fix({ change: { weights: 'per-channel' } });
  expect(step(scales)).toEqual(['Use It', { weights: 'per-channel' }]);
  expect(step(scales, { weights: 'per-channel' })).toEqual(['As Advised', { weights: null }]);
  expect(step({ ...scales, taken: true })).toBeNull();
  expect(fixStatus(scales, state({ weights: 'per-tensor' })).words).toBe('You decided per-tensor');
});

test('an operator is kept in float, and left to the analysis again', () => {
  const softmax = fix({ kind: 'operator', names: ['__proto__'] });
  const found = (own: State) => fixStep(softmax, own, report());
  expect(found(state())).toEqual({
    label: 'Keep in Float',
    message: { type: 'decideOperators', operators: ['__proto__'], choice: 'float' },
  });
  const decided = { ...state(), decidedOperators: new Map([['__proto__', 'float' as const]]) };
  expect(found(decided)).toMatchObject({ label: 'As Advised', message: { choice: null } });
  expect(fixStatus(softmax, decided)).toEqual({ words: 'You keep it in float', isOwn: true });
  // A layer of the same name is something else.
  expect(fixStatus(softmax, { ...state(), decided: new Map([['__proto__', 'float' as const]]) }).isOwn).toBe(
    false,
  );
});

test('a remedy of an earlier version’s report has nothing to click', () => {
  expect(step(fix({}))).toBeNull();
});
