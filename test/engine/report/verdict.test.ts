import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeTarget, type VerdictFacts } from '../../../engine/report/verdict';

const facts = (change: Partial<VerdictFacts> = {}): VerdictFacts => ({
  ...{ metric: 'top1', floatScore: 0.8, samples: 400, targetDrop: 0.01, blind: null },
  difference: { difference: -0.002, low: -0.004, high: 0 },
  ...change,
});

describe('a target', () => {
  test('is met where the whole interval is within, missed where all of it is beyond', () => {
    expect(judgeTarget(facts())).toEqual({
      kind: 'met',
      reason: 'At most 0.4 points lost (95%), and 0.8 points may be lost.',
    });
    expect(judgeTarget(facts({ difference: { difference: -0.03, low: -0.05, high: -0.01 } }))).toEqual({
      kind: 'missed',
      reason: 'At least 1.0 points lost (95%), and 0.8 points may be lost.',
    });
  });

  test('is open in between, with the probability and the samples that would settle it', () => {
    // ±3 points around a drop of 1.6 where 0.8 may be lost: 3.75² times as many samples.
    const found = judgeTarget(facts({ difference: { difference: -0.016, low: -0.046, high: 0.014 } }));
    expect(found).toMatchObject({ kind: 'inconclusive', samples: 5625 });
    expect(found.probability).toBeCloseTo(0.3, 1);
    expect(found.reason).toContain('About 5,625 samples would settle it.');
  });

  test('is not met by a rate in which few samples changed nothing', () => {
    const none = { difference: 0, low: 0, high: 0 };
    const few = judgeTarget(facts({ floatScore: 1, samples: 100, difference: none }));
    expect(few).toMatchObject({ kind: 'inconclusive', samples: 300 });
    expect(judgeTarget(facts({ floatScore: 1, samples: 300, difference: none })).kind).toBe('met');
    expect(judgeTarget(facts({ floatScore: 1, samples: 1, difference: none })).kind).toBe('inconclusive');
  });

  test('of two samples is open where their scatter alone would have met it', () => {
    const two = { samples: 2, difference: { difference: -0.002, low: -0.004, high: 0 } };
    expect(judgeTarget(facts({ ...two, samples: 400 })).kind).toBe('met');
    expect(judgeTarget(facts(two)).kind).toBe('inconclusive');
  });

  test('of decibels is that of the noise', () => {
    const noise = { metric: 'sqnr', floatScore: 100, samples: 20 } as const;
    const at = (difference: number, low: number, high: number) =>
      judgeTarget(facts({ ...noise, difference: { difference, low, high } }));
    expect(at(-75, -77, -73)).toMatchObject({
      kind: 'met',
      reason: 'At least 22.9 dB (95%), and 20.0 dB are asked for.',
    });
    expect(at(-85, -87, -83)).toMatchObject({
      kind: 'missed',
      reason: 'At most 17.1 dB (95%), and 20.0 dB are asked for.',
    });
    expect(at(-80, -83, -77).kind).toBe('inconclusive');
  });

  test('is never met or missed where nothing could be measured', () => {
    const number = fc.double({ noNaN: false });
    fc.assert(
      fc.property(number, number, number, number, fc.nat(), (floatScore, difference, low, high, samples) => {
        const change = { floatScore, samples, difference: { difference, low, high } };
        expect(judgeTarget(facts({ ...change, blind: 'Why.' }))).toEqual({
          kind: 'not-measurable',
          reason: 'Why.',
        });
        const { kind } = judgeTarget(facts(change));
        if (samples === 0 || !Number.isFinite(floatScore) || !Number.isFinite(difference))
          expect(kind).toBe('not-measurable');
        if (kind === 'met') expect(low).toBeGreaterThanOrEqual(-0.01 * floatScore - 1e-9);
      }),
    );
  });
});
