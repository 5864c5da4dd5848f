import { describe, expect, test } from 'vitest';
import type { QuantizeResult } from '../../engine/protocol';
import { describeProgress } from '../../extension/describeProgress';
import { describeResult } from '../../extension/describeResult';

const float = {
  metric: 'ctc' as const,
  score: 0.983,
  latencyMs: 14,
  latencySpread: { low: 13.8, high: 14.4 },
  bytes: 10_822_323,
};
const result: QuantizeResult = {
  output: '/models/rec.int8.onnx',
  settings: {
    data: '/data',
    preset: null,
    samples: null,
    weights: 'per-channel',
    calibration: 'auto',
    profile: 'x86',
    targetDrop: 0.01,
    method: 'entropy',
    calibrationSamples: 104,
    choosingSamples: 104,
    evaluationSamples: 104,
    sharedSamples: false,
  },
  keepFloat: [],
  float,
  int8: {
    ...float,
    score: 0.981,
    latencyMs: 10,
    bytes: 3_210_000,
    integerNodes: 60,
    floatNodes: 9,
    floatGroups: [],
    difference: { difference: -0.002, low: -0.004, high: 0 },
    speedup: { median: 1.4, low: 1.35, high: 1.43 },
    floatShare: 0,
    slower: [],
  },
  decisions: { method: 'entropy', weights: 'per-channel', operators: [], choices: {}, remedies: [] },
  blamed: [],
  notebook: [],
  meetsTarget: true,
  warnings: [],
};

describe('the result of quantizing', () => {
  test('says score, size and speed, each beside the float model’s', () => {
    expect(describeResult(result)).toBe(
      'Wrote rec.int8.onnx: 98.1% (float 98.3%), 3.2 MB (10.8 MB), 1.4× faster',
    );
  });

  test('says when the model got slower and when the target is missed', () => {
    const worse = { ...result, meetsTarget: false, int8: { ...result.int8, score: 0.9, latencyMs: 21 } };
    expect(describeResult(worse)).toBe(
      'Wrote rec.int8.onnx: 90.0% (float 98.3%), 3.2 MB (10.8 MB), 1.5× slower. ' +
        'It is not within 1% of float',
    );
  });
});

describe('progress', () => {
  const progress = { stage: 'local', title: 'Measuring', done: 12, total: 63, secondsLeft: 39.6 } as const;

  test.each([
    [progress, 'Measuring: 12 of 63, 40 s left'],
    [{ ...progress, secondsLeft: null }, 'Measuring: 12 of 63'],
    [{ ...progress, total: 1, secondsLeft: 150 }, 'Measuring, 2 min 30 s left'],
  ])('%#: reads as %s', (given, text) => {
    expect(describeProgress(given)).toBe(text);
  });
});
