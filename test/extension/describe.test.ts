import { describe, expect, test } from 'vitest';
import type { QuantizeResult } from '../../engine/protocol';
import { describeProgress } from '../../extension/describeProgress';
import { describeBytes, describeResult, describeScore, describeSpeed } from '../../extension/describeResult';

const float = { metric: 'ctc' as const, score: 0.983, latencyMs: 14, bytes: 10_822_323 };
const result: QuantizeResult = {
  output: '/models/rec.int8.onnx',
  settings: {
    data: '/data',
    samples: null,
    weights: 'per-channel',
    calibration: 'auto',
    profile: 'x86',
    targetDrop: 0.01,
    method: 'entropy',
    calibrationSamples: 104,
    evaluationSamples: 104,
    sharedSamples: false,
  },
  keepFloat: [],
  float,
  int8: { ...float, score: 0.981, latencyMs: 10, bytes: 3_210_000, integerNodes: 60, floatNodes: 9 },
  meetsTarget: true,
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
      'Wrote rec.int8.onnx: 90.0% (float 98.3%), 3.2 MB (10.8 MB), 1.5× slower than float. ' +
        'The drop is above the target of 1%',
    );
  });

  test.each([
    ['sqnr', 31.24, '31.2 dB'],
    ['cosine', 0.99912, '0.9991'],
    ['top1', 0.5, '50.0%'],
  ] as const)('shows %s %d as %s', (metric, score, text) => {
    expect(describeScore(metric, score)).toBe(text);
  });

  test.each([
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_999, '1.0 MB'],
    [3_680_066, '3.7 MB'],
  ])('shows %d bytes as %s', (bytes, text) => {
    expect(describeBytes(bytes)).toBe(text);
  });

  test.each([
    [10, 10.2, 'as fast as float'],
    [10, 0, 'speed unknown'],
    [0, 10, 'speed unknown'],
    [30, 10, '3.0× faster'],
  ])('compares %d ms with %d ms: %s', (before, after, text) => {
    expect(describeSpeed(before, after)).toBe(text);
  });
});

describe('progress', () => {
  const progress = { stage: 'local', title: 'Measuring', done: 12, total: 63, secondsLeft: 39.2 } as const;

  test.each([
    [progress, 'Measuring: 12 of 63, 40 s left'],
    [{ ...progress, secondsLeft: null }, 'Measuring: 12 of 63'],
    [{ ...progress, total: 1, secondsLeft: 150 }, 'Measuring, 3 min left'],
  ])('%#: reads as %s', (given, text) => {
    expect(describeProgress(given)).toBe(text);
  });
});
