import { describe, expect, test } from 'vitest';
import { targetChoices, type Target } from '../../../extension/session/targetChoices';

const labels = (...asked: Parameters<typeof targetChoices>) =>
  targetChoices(...asked).map(({ label }) => label);

describe('how near to float a model has to be', () => {
  test('is first what the settings say, then other drops, and last everything in int8', () => {
    expect(labels('top1', 0.01, null, null)).toEqual([
      'Within 1% of float',
      'Within 0.5% of float',
      'Within 2% of float',
      'Everything in int8, whatever it costs',
    ]);
    expect(labels('top1', 0.003, null, null)[0]).toBe('Within 0.3% of float');
    const [first] = targetChoices('top1', 0.01, null, null);
    expect(first).toMatchObject({ target: 0.01, description: 'As in the settings' });
  });

  test('is first what was chosen last time for the model', () => {
    const choices = targetChoices('top1', 0.01, 0.02, null);
    expect(choices.map(({ target }) => target)).toEqual([0.02, 0.01, 0.005, 'int8']);
    expect(choices.map(({ description }) => description)).toEqual([
      'As last time',
      'As in the settings',
      undefined,
      undefined,
    ]);
    const [all, ...rest] = targetChoices('top1', 0.01, 'int8', null);
    expect(all).toMatchObject({ target: 'int8', description: 'As last time' });
    expect(rest.map(({ target }) => target)).toEqual([0.01, 0.005, 0.02]);
  });

  test('is said in decibels where the score is in them', () => {
    expect(labels('sqnr', 0.01, null, null).slice(0, 2)).toEqual(['At least 20.0 dB', 'At least 23.0 dB']);
  });

  test('gives way to the layers that the user chose in the view', () => {
    const [own, next] = targetChoices('ctc', 0.01, 0.02, 4);
    expect(own).toEqual({
      target: null,
      label: 'The layers chosen in the view',
      description: '4 in float',
      detail: 'Held against the setting: within 1% of float.',
    });
    expect(next?.target).toBe(0.02);
    expect(targetChoices('ctc', 0.01, null, 0)[0]?.description).toBe('none in float');
  });

  test('is never offered twice', () => {
    for (const last of [null, 0.005, 0.01, 0.02, 0.07, 'int8'] as (Target | null)[]) {
      const targets = targetChoices('ctc', 0.01, last, null).map(({ target }) => target);
      expect(new Set(targets).size).toBe(targets.length);
      expect(targets).toContain(0.01);
      expect(targets.filter((target) => target === 'int8')).toHaveLength(1);
    }
  });
});
