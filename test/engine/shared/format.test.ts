import { expect, test } from 'vitest';
import {
  baseName,
  describeDifference,
  formatBytes,
  formatChange,
  formatCount,
  formatDate,
  formatDrop,
  formatDropNumber,
  formatDuration,
  formatInterval,
  formatMethod,
  formatMilliseconds,
  formatPlural,
  formatScore,
  formatShape,
  formatShare,
  formatShrink,
  formatSpeed,
  formatSpeedup,
  formatSpread,
  formatTarget,
  formatValue,
  shorten,
  shortMethod,
} from '../../../engine/shared/format';

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

test('differences say the direction, and where 95% of them lie', () => {
  const found = { difference: -0.003, low: -0.009, high: 0.002 };
  expect(describeDifference('top1', found)).toBe('0.3 points below float (95%: −0.9 to +0.2)');
  expect(describeDifference('top1', { difference: 0.012, low: 0.001, high: 0.023 })).toBe(
    '1.2 points above float (95%: +0.1 to +2.3)',
  );
  expect(describeDifference('ctc', { difference: -0.0002, low: -0.0006, high: 0.0002 })).toBe(
    'level with float (95%: −0.1 to 0.0)',
  );
  expect(describeDifference('sqnr', { difference: -60.04, low: -60.04, high: -60.04 })).toBe(
    '60.0 dB below float',
  );
  expect(describeDifference('cosine', { difference: -0.0013, low: -0.002, high: -0.0006 })).toBe(
    '0.0013 below float (95%: −0.0020 to −0.0006)',
  );
  expect(describeDifference('top1', { difference: NaN, low: NaN, high: NaN })).toBe('–');
  expect(formatInterval('top1', { difference: 0, low: 0, high: 0 })).toBe('');
  expect(formatChange('top1', { difference: -0.453, standardError: 0.021 })).toBe('−45.3 ± 2.1');
  expect(formatChange('sqnr', { difference: 0.04, standardError: 0 })).toBe('0.0 ± 0.0');
});

test('speeds and times come with the middle half of the runs', () => {
  expect(formatSpeedup({ median: 1.6, low: 1.5, high: 1.7 })).toBe('1.6× faster (1.5–1.7)');
  expect(formatSpeedup({ median: 0.5, low: 0.4, high: 0.625 })).toBe('2.0× slower (1.6–2.5)');
  expect(formatSpeedup({ median: 1.01, low: 0.97, high: 1.03 })).toBe('same speed (0.97–1.03×)');
  expect(formatSpeedup({ median: 0.97, low: 0.95, high: 1.02 })).toBe('same speed (0.95–1.02×)');
  expect(formatSpeedup({ median: 1.6, low: 1.59, high: 1.61 })).toBe('1.6× faster');
  expect(formatSpeedup({ median: 0, low: 0, high: 0 })).toBe('–');
  expect(formatSpread({ low: 8.71, high: 9.3 })).toBe('8.71–9.3');
  expect(formatSpread({ low: 8.71, high: 8.711 })).toBe('8.71');
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
