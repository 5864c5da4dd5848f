import { expect, test } from 'vitest';
import {
  baseName,
  formatBytes,
  formatCount,
  formatDate,
  formatDrop,
  formatDropNumber,
  formatDuration,
  formatMethod,
  formatMilliseconds,
  formatPlural,
  formatScore,
  formatShape,
  formatShare,
  formatShrink,
  formatSpeed,
  formatTarget,
  formatValue,
  shorten,
  shortMethod,
} from '../../engine/format';

test('scores carry the unit of their metric', () => {
  expect(formatScore('ctc', 0.981)).toBe('98.1%');
  expect(formatScore('sqnr', 31.24)).toBe('31.2 dB');
  expect(formatScore('cosine', 0.99871)).toBe('0.9987');
  expect(formatScore('top1', NaN)).toBe('–');
});

test('drops show how the score changes', () => {
  expect(formatDrop('ctc', 0.453)).toBe('−45.3 points');
  expect(formatDrop('top1', -0.004)).toBe('+0.4 points');
  expect(formatDrop('top1', 0)).toBe('0.0 points');
  expect(formatDrop('top1', 0.0001)).toBe('0.0 points');
  expect(formatDrop('sqnr', 3.14)).toBe('−3.1 dB');
  expect(formatDrop('cosine', 0.0123)).toBe('−0.0123');
  expect(formatDropNumber('ctc', Infinity)).toBe('–');
});

test('sizes and counts take the unit that keeps them short', () => {
  expect(formatBytes(812)).toBe('812 B');
  expect(formatBytes(3_214_008)).toBe('3.2 MB');
  expect(formatBytes(999_960)).toBe('1.0 MB');
  expect(formatCount(981)).toBe('981');
  expect(formatCount(12_345)).toBe('12.3 k');
  expect(formatCount(10_000)).toBe('10 k');
  expect(formatCount(2_100_000)).toBe('2.1 M');
  expect(formatPlural(1, 'layer')).toBe('1 layer');
  expect(formatPlural(5000, 'layer')).toBe('5,000 layers');
});

test('comparisons are said in words', () => {
  expect(formatSpeed(12.4, 8.94)).toBe('1.4× faster');
  expect(formatSpeed(10, 12)).toBe('1.2× slower');
  expect(formatSpeed(10, 10.2)).toBe('same speed');
  expect(formatSpeed(0, 0)).toBe('–');
  expect(formatSpeed(120, 10)).toBe('12× faster');
  expect(formatShrink(10.8, 2.9)).toBe('3.7× smaller');
  expect(formatShrink(1, 1.2)).toBe('1.2× larger');
});

test('times take at most two units', () => {
  expect(formatDuration(0.4)).toBe('0 s');
  expect(formatDuration(8)).toBe('8 s');
  expect(formatDuration(59.6)).toBe('1 min');
  expect(formatDuration(125)).toBe('2 min 5 s');
  expect(formatDuration(3840)).toBe('1 h 4 min');
  expect(formatMilliseconds(8.937)).toBe('8.94 ms');
  expect(formatMilliseconds(1234.5)).toBe('1,235 ms');
});

test('shares and values keep what tells them apart', () => {
  expect(formatShare(0)).toBe('0%');
  expect(formatShare(0.5)).toBe('50.0%');
  expect(formatShare(0.000123)).toBe('0.012%');
  expect(formatShare(1e-9)).toBe('< 0.0001%');
  expect(formatTarget(0.01)).toBe('1%');
  expect(formatTarget(0.005)).toBe('0.5%');
  expect(formatValue(-3.78125)).toBe('−3.78');
});

test('methods, shapes, dates and paths', () => {
  expect(formatMethod('percentile:99.9')).toBe('Percentile 99.9%');
  expect(formatMethod('mse')).toBe('MSE');
  expect(formatMethod('entropy')).toBe('Entropy');
  expect(shortMethod('percentile:99.9')).toBe('99.9%');
  expect(shortMethod('max')).toBe('max');
  expect(formatShape([64, 'N', 3])).toBe('64 × N × 3');
  expect(formatShape([])).toBe('scalar');
  expect(formatShape(null)).toBe('unknown shape');
  expect(formatDate('2026-03-01T14:05:00')).toBe('2026-03-01 14:05');
  expect(formatDate('yesterday')).toBe('yesterday');
  expect(baseName('/a/b/model.onnx')).toBe('model.onnx');
  expect(baseName('C:\\models\\data\\')).toBe('data');
});

test('long texts keep their beginning and end', () => {
  expect(shorten('abcdefghij', 10)).toBe('abcdefghij');
  expect(shorten('abcdefghijk', 10)).toBe('abcde…hijk');
  expect(shorten('x'.repeat(10_000), 500)).toHaveLength(500);
});
