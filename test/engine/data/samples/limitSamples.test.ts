import { expect, test } from 'vitest';
import type { Dataset, SampleSource } from '../../../../engine/data/samples/dataset';
import { limitSamples } from '../../../../engine/data/samples/limitSamples';

function numbered(length: number): SampleSource {
  return { length, load: (index) => Promise.resolve({ name: `#${index}`, feeds: {}, truth: null }) };
}

const dataset: Dataset = {
  calibration: numbered(5),
  evaluation: numbered(2),
  shared: false,
  metric: 'sqnr',
  alphabet: [],
  warnings: [],
};

test('keeps the first samples of each part', async () => {
  const limited = limitSamples(dataset, 3);
  expect([limited.calibration.length, limited.evaluation.length]).toEqual([3, 2]);
  expect((await limited.calibration.load(2)).name).toBe('#2');
  expect(limited).toMatchObject({ shared: false, metric: 'sqnr' });
});
