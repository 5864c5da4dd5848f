import { describe, expect, test } from 'vitest';
import type { AnalyzeSettings } from '../../../engine/shared/protocol/settings';
import {
  checkSettings,
  parseBudget,
  parseCalibration,
  parseGrids,
  parseSamples,
  parseTargetDrop,
} from '../../../engine/recipe/parseSettings';

test.each(['auto', 'max', 'entropy', 'mse', 'percentile:99.99', 'percentile:50', 'percentile:100'])(
  'knows the calibration %s',
  (text) => expect(parseCalibration(text)).toBe(text),
);

test('writes a percentile in one way', () => {
  expect(parseCalibration('percentile:99.990')).toBe('percentile:99.99');
});

test.each(['', 'Max', 'percentile', 'percentile:', 'percentile:49.9', 'percentile:100.1', 'percentile:1e2'])(
  'knows no calibration "%s"',
  (text) => expect(() => parseCalibration(text)).toThrow(`"${text}"`),
);

test.each([
  ['1%', 0.01],
  ['0.5%', 0.005],
  ['0.01', 0.01],
  [' 2% ', 0.02],
])('reads the drop %s', (text, drop) => expect(parseTargetDrop(text)).toBe(drop));

test.each(['', '0', '1', '100%', '-1%', 'a little', '1%%', 'NaN'])('reads no drop in "%s"', (text) =>
  expect(() => parseTargetDrop(text)).toThrow('target drop'),
);

test.each(['0', '-1', '1.5', 'many', 'NaN', '1e400'])('takes no %s samples', (text) =>
  expect(() => parseSamples(text)).toThrow(`"${text}"`),
);

test.each([
  ['bytes=30%', { resource: 'bytes', limit: 0.3, isShare: true }],
  ['bytes=3.2MB', { resource: 'bytes', limit: 3_200_000, isShare: false }],
  ['bops=12G', { resource: 'bops', limit: 12e9, isShare: false }],
  ['latency=9ms', { resource: 'latency', limit: 9, isShare: false }],
  ['latency=1.5s', { resource: 'latency', limit: 1500, isShare: false }],
])('reads the budget %s', (text, budget) => expect(parseBudget(text)).toEqual(budget));

test.each([
  '',
  'bytes',
  'bytes=0',
  'bytes=-1',
  'bytes=3ms',
  'latency=9',
  'watts=3',
  'bytes=toString',
  `bops=${'9'.repeat(305)}T`,
])('reads no budget in "%s"', (text) => expect(() => parseBudget(text)).toThrow('is no budget'));

test('reads the grids that layers may be on', () => {
  expect(parseGrids('int4-block, int16')).toEqual(['int4-block', 'int16']);
  expect(parseGrids('none')).toEqual([]);
  expect(() => parseGrids('int4-block,int5')).toThrow('There is no grid "int5"');
});

describe('settings from an editor', () => {
  const good: AnalyzeSettings = {
    data: 'data.npz',
    preset: null,
    samples: null,
    weights: 'per-channel',
    calibration: 'percentile:99.999',
    profile: 'x86',
    targetDrop: 0,
  };

  test('pass when they are sound', () => {
    expect(() => checkSettings(good)).not.toThrow();
    expect(() => checkSettings({ ...good, samples: 3, targetDrop: 1 })).not.toThrow();
  });

  test.each([
    { calibration: 'kl' },
    { calibration: 'percentile:20' },
    { weights: 'per-row' },
    { profile: 'toString' },
    { preset: 'toString' },
    { samples: 0 },
    { samples: 1.5 },
    { targetDrop: -0.1 },
    { targetDrop: 7 },
    { targetDrop: NaN },
  ])('are refused with %j, by the value', (wrong) => {
    const settings = { ...good, ...wrong } as AnalyzeSettings;
    expect(() => checkSettings(settings)).toThrow(
      expect.objectContaining({
        code: 'bad-option',
        message: expect.stringContaining(String(Object.values(wrong)[0])) as string,
      }) as Error,
    );
  });
});
