import { describe, expect, test, vi } from 'vitest';
import type { QuantizeResult, Report } from '../../../engine/shared/protocol/report';
import { describeProgress } from '../../../extension/ui/describeProgress';
import { describeResult } from '../../../extension/commands/describeResult';

// Read for its pure part only.
vi.mock('vscode', () => ({}));
const { problemsIn } = await import('../../../extension/session/analysisProblems');

const float = {
  metric: 'ctc' as const,
  score: 0.983,
  latencyMs: 14,
  latencySpread: { low: 13.8, high: 14.4 },
  bytes: 10_822_323,
};
const result: QuantizeResult = {
  modelHash: 'abc',
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
  dataStamp: '0 0 0',
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
    verdict: { kind: 'met', reason: 'Near.' },
  },
  decisions: { method: 'entropy', weights: 'per-channel', operators: [], choices: {}, remedies: [] },
  recipe: { version: 1, layers: [], operators: [] },
  blamed: [],
  notebook: [],
  verdict: { kind: 'met', reason: 'Near.' },
  meetsTarget: true,
  lint: [],
  warnings: [],
};

describe('the result of quantizing', () => {
  test('says that the target is met, with the interval, size and speed', () => {
    expect(describeResult(result)).toBe(
      'Wrote rec.int8.onnx, within 1% of float: 98.1%, 0.2 points below float (95%: −0.4 to 0.0), ' +
        '3.2 MB (3.4× smaller), 1.4× faster',
    );
  });

  test('says when the model got slower and when the target is missed', () => {
    const worse = {
      ...result,
      meetsTarget: false,
      verdict: { kind: 'missed' as const, reason: 'At least 6.6 points lost.' },
      int8: {
        ...result.int8,
        score: 0.9,
        difference: { difference: -0.083, low: -0.1, high: -0.066 },
        speedup: { median: 0.667, low: 0.6, high: 0.7 },
      },
    };
    expect(describeResult(worse)).toBe(
      'Wrote rec.int8.onnx, which is not within 1% of float: 90.0%, 8.3 points below float ' +
        '(95%: −10.0 to −6.6), 3.2 MB (3.4× smaller), 1.5× slower (1.4–1.7)',
    );
  });
});

describe('progress', () => {
  const progress = { stage: 'local', title: 'Measuring', done: 12, total: 63, secondsLeft: 39.6 } as const;

  test.each([
    [progress, 'Measuring: 12 of 63, 40 s left'],
    [{ ...progress, secondsLeft: null }, 'Measuring: 12 of 63'],
    [{ ...progress, total: 1, secondsLeft: 150 }, 'Measuring, 2 min 30 s left'],
    [{ ...progress, total: 0, secondsLeft: null }, 'Measuring: 12'],
    [{ ...progress, done: 0, total: 0, secondsLeft: null }, 'Measuring'],
  ])('%#: reads as %s', (given, text) => {
    expect(describeProgress(given)).toBe(text);
  });
});

test('the problems of a result: a target that was missed, warnings, and what the target does not do', () => {
  const finding = { opType: 'Resize', nodes: ['r'], message: 'Resize computes in float.', hint: 'Leave it.' };
  const lint = [
    { ...finding, severity: 'float' as const },
    { ...finding, severity: 'refuses' as const, nodes: ['r', 's', 't'], message: 'It is refused.' },
  ];
  const told = [
    { severity: 'warning', message: 'Few samples.' },
    { severity: 'information', message: 'Resize r: Resize computes in float. Leave it.' },
    { severity: 'warning', message: 'Resize r and 2 more: It is refused. Leave it.' },
  ];
  const quantized = (change: Partial<QuantizeResult>) =>
    problemsIn({ type: 'quantized', result: { ...result, warnings: ['Few samples.'], lint, ...change } });
  const verdict = { kind: 'missed', reason: 'Far.' } as const;
  const int8 = { ...result.int8, verdict };
  expect(quantized({})).toEqual(told);
  expect(quantized({ meetsTarget: false, verdict, int8 })).toEqual([
    { severity: 'warning', message: 'The int8 model is not within 1% of float: 98.3% → 98.1%.' },
    ...told,
  ]);
  const { settings } = result;
  const report = {
    float,
    settings,
    warnings: [],
    lint: [],
    verdict,
    advised: { ...int8, meetsTarget: false },
  };
  expect(problemsIn({ type: 'report', report: report as unknown as Report })).toEqual([
    { severity: 'warning', message: 'The advised model is not within 1% of float: 98.3% → 98.1%.' },
  ]);
  expect(problemsIn({ type: 'report', report: null })).toEqual([]);
  expect(problemsIn({ type: 'progress', progress: null })).toBeNull();
});
