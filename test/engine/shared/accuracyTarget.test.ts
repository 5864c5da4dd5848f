import { expect, test } from 'vitest';
import { createMetric } from '../../../engine/data/metrics/createMetric';
import { metricNames } from '../../../engine/data/manifest/parseManifest';
import { formatScore } from '../../../engine/shared/format';
import { describeTarget, meetsTarget } from '../../../engine/shared/accuracyTarget';

test('accepts a relative drop of accuracy', () => {
  expect(meetsTarget('top1', 0.8, 0.792, 0.01)).toBe(true);
  expect(meetsTarget('top1', 0.8, 0.7919, 0.01)).toBe(false);
  expect(meetsTarget('ctc', 0.98, 0.98, 0)).toBe(true);
  expect(meetsTarget('ctc', 0.98, NaN, 0.01)).toBe(false);
});

test('accepts noise up to a share of the signal', () => {
  expect(meetsTarget('sqnr', 100, 20, 0.01)).toBe(true);
  expect(meetsTarget('sqnr', 100, 19.9, 0.01)).toBe(false);
  expect(meetsTarget('sqnr', 100, 100, 0)).toBe(true);
});

test('writes scores for people', () => {
  expect(formatScore('ctc', 0.9812)).toBe('98.1%');
  expect(formatScore('sqnr', 31.23)).toBe('31.2 dB');
  expect(formatScore('cosine', 0.99871)).toBe('0.9987');
});

test.each(metricNames)('creates %s', (metric) => {
  expect(createMetric({ metric, alphabet: [] }, ['y']).name).toBe(metric);
});

test('says the target in words', () => {
  expect(describeTarget('ctc', 0.01)).toBe('within 1% of float');
  expect(describeTarget('sqnr', 0.01)).toBe('at least 20.0 dB');
});
