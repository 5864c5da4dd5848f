import { describe, expect, test } from 'vitest';
import type { LayerChoice } from '../../../engine/shared/protocol/choices';
import type { Report } from '../../../engine/shared/protocol/report';
import { errorLine, Refusal, toErrorData } from '../../../extension/common/failure';
import { keptInFloat } from '../../../engine/shared/floatLayers';
import { aimOf } from '../../../extension/commands/aimOf';

describe('an error from the engine', () => {
  const data = { code: 'bad-data', message: 'a.npz holds no array x.', hint: 'Name it x.' } as const;

  test('keeps its code, message and hint', () => {
    const thrown = Object.assign(new Error('Request failed'), { code: -32803, data: { ...data, more: 1 } });
    expect(toErrorData(thrown)).toEqual(data);
    expect(toErrorData(new Refusal(data))).toEqual(data);
    expect(errorLine(data)).toBe('a.npz holds no array x. Name it x.');
  });

  test('is cancellation by its code alone', () => {
    expect(toErrorData(Object.assign(new Error('x'), { code: -32800 })).code).toBe('cancelled');
  });

  test('tells of an engine that went away', () => {
    const error = toErrorData(Object.assign(new Error('Pending response rejected'), { code: -32097 }));
    expect(error.code).toBe('runtime');
    expect(error.message).toMatch(/engine stopped/);
  });

  test.each([
    [new Error('no'), 'no'],
    ['text', 'text'],
    [null, 'null'],
  ])('takes %s for what it says', (thrown, text) => {
    expect(toErrorData(thrown)).toMatchObject({ code: 'runtime', message: text });
  });
});

describe('the layers to keep in float', () => {
  const report = {
    keepFloat: ['c', 'a'],
    layers: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
  } as unknown as Report;

  test('are the advised ones until the user decides', () => {
    expect(keptInFloat(report, new Map())).toEqual(['c', 'a']);
  });

  test('follow the user, and forget layers that this model has not', () => {
    const decided = new Map<string, LayerChoice>([
      ['a', 'int4'],
      ['b', 'float16'],
      ['gone', 'float'],
    ]);
    expect(keptInFloat(report, decided)).toEqual(['c', 'b']);
  });
});

describe('what a quantization is asked for', () => {
  const report = {
    decisions: { remedies: ['equalize'], weights: 'per-channel' },
  } as unknown as Report;
  const rules = { layers: [], operators: [{ match: 'Softmax', choice: 'float' as const }] };
  const session = { report, isOwnChoice: true, advisedFloat: ['a'], recipe: { rules } };

  test('keeps the advised remedies beside what the user decided', () => {
    expect(aimOf(session)).toEqual({
      ...{ keepFloat: ['a'], weights: 'per-channel' },
      recipe: { ...rules, remedies: ['equalize'] },
    });
  });

  test('is what the recipe says of them', () => {
    const recipe = { rules: { ...rules, remedies: [] } };
    expect(aimOf({ ...session, recipe }).recipe).toEqual(recipe.rules);
  });

  test('is open where the user decided nothing, or nothing was analyzed', () => {
    expect(aimOf({ ...session, isOwnChoice: false })).toEqual({ keepFloat: null });
    expect(aimOf({ ...session, report: null })).toEqual({ keepFloat: null });
  });
});
