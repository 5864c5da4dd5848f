import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDropSettled } from '../../../engine/stats/isDropSettled';

const scores = (values: number[]) => values.map((value) => ({ value, weight: 1 }));
const all = (count: number, value: number) => scores(Array<number>(count).fill(value));

test('no change in a few samples says nothing of a small threshold, and in many it does', () => {
  expect(isDropSettled(all(32, 1), all(32, 1), 10_000, 0.005, 1)).toBe(false);
  expect(isDropSettled(all(512, 1), all(512, 1), 10_000, 0.005, 1)).toBe(true);
});

test('fewer samples say enough where one can lose little', () => {
  const unchanged = (mostLost: number) => isDropSettled(all(16, 1), all(16, 1), 10_000, 0.005, mostLost);
  expect([unchanged(0), unchanged(0.07), unchanged(0.09), unchanged(1)]).toEqual([true, true, false, false]);
});

test('a large drop is settled by a few samples', () => {
  const hits = Array.from({ length: 32 }, (_, i) => (i % 3 === 0 ? 1 : 0));
  expect(isDropSettled(all(32, 1), scores(hits), 10_000, 0.005, 1)).toBe(true);
  expect(isDropSettled(all(32, 1), scores(hits), 10_000, 0.6, 1)).toBe(false);
});

test('the samples that were seen tell nothing new: all of them settle everything', () => {
  expect(isDropSettled(all(8, 1), scores([1, 1, 1, 0, 1, 1, 1, 1]), 8, 0.1, 1)).toBe(true);
  expect(isDropSettled(all(8, 1), scores([1, 1, 1, 0, 1, 1, 1, 1]), 9, 0.1, 1)).toBe(false);
  expect(isDropSettled([], [], 0, 0.1, 1)).toBe(false);
});

test('is seldom on the wrong side of what all samples say', () => {
  let wrong = 0;
  let settled = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      fc.double({ min: 0, max: 0.2, noNaN: true }),
      (seed, rate) => {
        let state = seed;
        const random = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
        const losses = Array.from({ length: 600 }, () => (random() < rate ? 0 : 1));
        const drop = losses.filter((v) => v === 0).length / losses.length;
        const seen = losses.slice(0, 128);
        if (!isDropSettled(all(128, 1), scores(seen), 600, 0.05, 1)) return;
        settled++;
        if (seen.filter((v) => v === 0).length / 128 > 0.05 !== drop > 0.05) wrong++;
      },
    ),
    { numRuns: 400, seed: 7 },
  );
  expect(settled).toBeGreaterThan(100);
  expect(wrong / settled).toBeLessThan(0.02);
});
