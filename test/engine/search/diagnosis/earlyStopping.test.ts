import { describe, expect, test } from 'vitest';
import type { JudgedVariant } from '../../../../engine/evaluate/evaluateVariants';
import { aloneOptions } from '../../../../engine/search/diagnosis/earlyStopping';

const COUNT = 100;
const floatSamples = Array.from({ length: COUNT }, () => ({ value: 0.9, weight: 1 }));
const chooser = {
  float: 0.9,
  floatSamples,
  samples: { length: COUNT, load: () => Promise.reject(new Error()) },
};

/** A layer or network that takes `lost` from the first of `count` samples. */
function judged(count: number, sqnrDb: number, lost = 0): JudgedVariant {
  const indices = Array.from({ length: count }, (_, i) => i);
  const samples = indices.map((i) => ({ value: i === 0 ? 0.9 - lost : 0.9, weight: 1 }));
  return { ...{ score: 0, samples, sqnrDb, cosine: 1, indices }, ratings: [] };
}

const isSettled = (joint: JudgedVariant | null, soFar: JudgedVariant, witnesses: JudgedVariant[]) =>
  aloneOptions(chooser, 0.01, 40, joint).isSettled?.(soFar, witnesses);
const loud = judged(COUNT, 5, 0.9);
const quiet = judged(16, 40);

describe('sixteen samples without a change settle a layer', () => {
  test('where all layers together do little to any sample', () => {
    expect(isSettled(judged(COUNT, 20, 0.05), quiet, [])).toBe(true);
    expect(isSettled(judged(COUNT, 20, 0.3), quiet, [])).toBe(false);
    // Less noise than the layer has itself says nothing of it.
    expect(isSettled(judged(COUNT, 50, 0.05), quiet, [])).toBe(false);
  });

  test('where three noisier layers alone do little to any', () => {
    const mild = [25, 28, 31].map((db) => judged(COUNT, db, 0.05));
    expect(isSettled(loud, quiet, mild)).toBe(true);
    expect(isSettled(loud, quiet, mild.slice(1))).toBe(false);
    expect(isSettled(loud, judged(16, 30), mild)).toBe(false);
    // The nearest of them count.
    expect(isSettled(loud, quiet, [judged(COUNT, 10, 0.9), ...mild])).toBe(true);
    expect(isSettled(loud, quiet, [...mild, judged(COUNT, 35, 0.9)])).toBe(false);
  });

  test('which ran on half of all samples at least', () => {
    const early = (count: number) => [25, 28, 31].map((db) => judged(count, db));
    expect([isSettled(loud, quiet, early(50)), isSettled(loud, quiet, early(45))]).toEqual([true, false]);
  });

  test('and not where all layers were not tried together, unless by such', () => {
    expect(isSettled(null, quiet, [])).toBe(false);
    expect(
      isSettled(
        null,
        quiet,
        [25, 28, 31].map((db) => judged(COUNT, db, 0.05)),
      ),
    ).toBe(true);
  });

  test('and not where nothing makes noise at all', () => {
    const silent = [1, 2, 3].map(() => judged(COUNT, 100));
    expect(isSettled(loud, judged(16, 100), silent)).toBe(false);
  });
});

test('a layer that loses about what is asked for is not settled', () => {
  const even = { ...judged(COUNT, 20), samples: floatSamples };
  const losing = (count: number) => {
    const own = judged(count, 40);
    return { ...own, samples: own.samples.map((s, i) => ({ ...s, value: i % 2 === 0 ? 0.9 : 0.89 })) };
  };
  expect(isSettled(even, losing(32), [])).toBe(false);
});

test('so many samples come first as are looked at a few times at most, and no more than two passes over all take', () => {
  const firstOf = (count: number, variants: number) => {
    const samples = { ...chooser.samples, length: count };
    return aloneOptions({ ...chooser, samples }, 0.01, variants, null).first;
  };
  expect([firstOf(64, 51), firstOf(128, 51), firstOf(1024, 51)]).toEqual([8, 15, 32]);
  expect([firstOf(64, 7), firstOf(31, 7), firstOf(15, 51)]).toEqual([16, undefined, undefined]);
});
