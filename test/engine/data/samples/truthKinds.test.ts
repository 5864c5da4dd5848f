import { expect, test } from 'vitest';
import type { Truth } from '../../../../engine/data/samples/dataset';
import { metricNames } from '../../../../engine/data/manifest/parseManifest';
import { describeTruth, neededTruth, suggestedMetric } from '../../../../engine/data/samples/truthKinds';

const outline = [0, 0, 1, 0, 0, 1];

test.each<[Truth, number | string | null, string | null]>([
  [null, null, 'agreement'],
  [3, 3, 'top1'],
  ['abc', 'abc', 'ctc'],
  [[1, 0, 1], '2 of 3 steps', 'frames'],
  [[outline], '1 shape', null],
  [[], '0 shapes', null],
])('the truth %j is shown and scored', (truth, shown, metric) => {
  expect(describeTruth(truth)).toBe(shown);
  expect(suggestedMetric(truth)).toBe(metric);
});

test('every metric but those that compare with float takes its own kind of truth', () => {
  const truths: Truth[] = [1, 'a', [0, 1], [outline], [[0, 0, 1, 1]], null];
  const taken = metricNames.map((metric) => truths.map((one) => Number(neededTruth(metric, one) === null)));
  expect(Object.fromEntries(metricNames.map((metric, i) => [metric, taken[i]?.join('')]))).toEqual({
    ...{ top1: '100000', top5: '100000', ctc: '010000' },
    ...{ frames: '001000', iou: '000100', segments: '000010' },
    ...{ sqnr: '111111', cosine: '111111', agreement: '111111' },
  });
});
