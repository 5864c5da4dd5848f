import { expect, test } from 'vitest';
import type { Tensor } from '../../../../engine/data/samples/dataset';
import { ctcMetric, decodeCtc } from '../../../../engine/data/metrics/ctcMetric';
import { RunningScore } from '../../../../engine/data/metrics/runningScore';
import { topKMetric } from '../../../../engine/data/metrics/topKMetric';

function floats(dims: number[], ...values: number[]): Tensor {
  return { type: 'float32', dims, data: Float32Array.from(values) };
}

/** CTC scores whose best classes are these. */
function steps(classes: number, best: number[]): Tensor {
  const values = best.flatMap((top) => Array.from({ length: classes }, (_, c) => (c === top ? 0.9 : 0.1)));
  return floats([1, best.length, classes], ...values);
}

const top = (k: 1 | 5, scores: Tensor, truth: number) =>
  topKMetric(k, ['y']).score({ y: scores }, truth, null);

test('counts a class among the first k', () => {
  const scores = floats([1, 7], 7, 6, 5, 4, 3, 2, 1);
  expect([0, 1, 4, 5].map((truth) => top(1, scores, truth).value)).toEqual([1, 0, 0, 0]);
  expect([0, 1, 4, 5].map((truth) => top(5, scores, truth).value)).toEqual([1, 1, 1, 0]);
  expect(top(1, floats([1, 3, 1, 1], 0, 1, 0), 1)).toEqual({ value: 1, weight: 1 });
});

test('prefers the lower of equal classes, and finds nothing among scores that are not finite', () => {
  expect(top(1, floats([1, 3], 1, 1, 1), 2).value).toBe(0);
  expect(top(1, floats([1, 3], 1, 1, 1), 0).value).toBe(1);
  expect(top(5, floats([1, 3], 1, NaN, 0), 0).value).toBe(0);
  expect(top(5, floats([1, 3], Infinity, 0, 0), 0).value).toBe(0);
});

test('reads halves and skips outputs of integers', () => {
  const half: Tensor = { type: 'float16', dims: [1, 2], data: Uint16Array.of(0xbc00, 0x0001) };
  const label: Tensor = { type: 'int64', dims: [1], data: BigInt64Array.of(0n) };
  expect(topKMetric(1, ['label', 'y']).score({ y: half, label }, 1, null).value).toBe(1);
  expect(() => topKMetric(1, ['label']).score({ label }, 1, null)).toThrow(
    "None of the model's outputs (label)",
  );
});

test('refuses a class that the model does not know, and several rows', () => {
  expect(() => top(1, floats([1, 3], 1, 2, 3), 3)).toThrow('truth is 3, and the model tells 3 classes apart');
  expect(() => top(1, floats([2, 2], 1, 2, 3, 4), 0)).toThrow('shape [2,2]');
});

test('decodes: repeats merged, blanks dropped', () => {
  const decoded = (best: number[]) => decodeCtc(steps(4, best), ['a', 'b', ' '])?.join('');
  expect(decoded([0, 1, 1, 0, 1, 2, 2, 3, 0])).toBe('aab ');
  expect(decoded([0, 0])).toBe('');
  expect(decoded([])).toBe('');
  expect(decodeCtc(floats([2, 2], 0, 1, NaN, 0), ['a'])).toBeNull();
});

test('weighs samples by their characters, so that the total counts edits', () => {
  const metric = ctcMetric(['a', 'b'], ['y']);
  const total = new RunningScore();
  expect(metric.score({ y: steps(3, [1, 2]) }, 'ab', null)).toEqual({ value: 1, weight: 2 });
  total.add(metric.score({ y: steps(3, [1, 2]) }, 'ab', null));
  // Three characters where one belongs: two edits.
  expect(metric.score({ y: steps(3, [1, 2, 1]) }, 'b', null)).toEqual({ value: -1, weight: 1 });
  total.add(metric.score({ y: steps(3, [1, 2, 1]) }, 'b', null));
  total.add(metric.score({ y: steps(3, [1, 0]) }, 'aaa', null));
  expect(total.value).toBeCloseTo(1 - (0 + 2 + 2) / (2 + 1 + 3), 12);
});

test('scores 0 for text that is not finite and stays defined for an empty truth', () => {
  const metric = ctcMetric(['a'], ['y']);
  expect(metric.score({ y: floats([1, 1, 2], NaN, 0) }, 'aa', null)).toEqual({ value: 0, weight: 2 });
  expect(metric.score({ y: steps(2, [0]) }, '', null)).toEqual({ value: 1, weight: 1 });
});

test('refuses an alphabet of another size and a truth that is no text', () => {
  const metric = ctcMetric(['a'], ['y']);
  expect(() => metric.score({ y: steps(4, [1]) }, 'a', null)).toThrow(
    'shape [1,1,4], and the alphabet has 1 characters',
  );
  expect(() => metric.score({ y: floats([2, 1, 2], 0, 0, 0, 0) }, 'a', null)).toThrow('shape [2,1,2]');
  expect(() => metric.score({ y: steps(2, [1]) }, 7, null)).toThrow('truth is 7');
});

test('has no score before the first sample', () => {
  expect(new RunningScore().value).toBe(0);
});
