import { expect, test } from 'vitest';
import type { Layer } from '../../../../engine/onnx/layers/layers';
import type { MeasuredChoice } from '../../../../engine/search/mixedPrecision/gridCosts';
import { NetworkPredictor } from '../../../../engine/search/mixedPrecision/predictNetwork';

const none = { bytes: 0, bops: 0, latency: 0 };
const float: MeasuredChoice = { choice: 'float', noise: 0, changes: [0, 0], extra: none };
const int8 = (noise: number, changes: readonly number[]): MeasuredChoice => ({
  ...{ choice: 'int8', noise, changes },
  extra: { bytes: -10, bops: -1, latency: 0 },
});

function predictorOf(
  metric: 'top1' | 'sqnr',
  choices: readonly MeasuredChoice[],
  { value, noise, changes }: { value: number; noise: number; changes: readonly number[] },
): NetworkPredictor {
  const layers = choices.map((choice, i) => ({ layer: { name: `${i}` } as Layer, choices: [choice, float] }));
  const floats = changes.map(() => ({ value, weight: 1 }));
  const floatUse = { bytes: 100, bops: 10, latency: 1 };
  const whole = { noise, changes, bytes: 100 - 10 * choices.length };
  return new NetworkPredictor({ layers, floatUse }, floats, whole, metric);
}

test('losses add up sample by sample, and what is beyond them with the noise', () => {
  const [a, b] = [int8(0.01, [-1, 0]), int8(0.03, [0, 0])];
  const predictor = predictorOf('top1', [a, b], { value: 1, noise: 0.08, changes: [-1, -1] });
  expect(predictor.predict([float, float])).toMatchObject({
    predicted: { drop: 0, outputDb: 100, bytes: 100 },
  });
  expect(predictor.predict([a, b])).toMatchObject({ predicted: { drop: 1, bytes: 80 } });
  // A fourth of the noise is its own: all of its own loss, and a fourth of what the other sample lost.
  const { predicted, samples } = predictor.predict([a, float]);
  expect(samples.map((s) => s.value)).toEqual([0, 0.75]);
  expect(predicted.outputDb).toBeCloseTo(-10 * Math.log10(0.02));
});

test('of a score in decibels the noise adds up, and not the decibels', () => {
  // Each at 26 dB, together at 17: two halves of the noise are at 20.
  const [a, b] = [int8(0.0025, [-74, -74]), int8(0.0025, [-74, -74])];
  const whole = { value: 100, noise: 0.02, changes: [-83, -83] };
  const predictor = predictorOf('sqnr', [a, b], whole);
  const scores = (choices: MeasuredChoice[]) => predictor.predict(choices).samples.map((s) => s.value);
  expect(scores([float, float])).toEqual([100, 100]);
  for (const value of scores([a, b])) expect(value).toBeCloseTo(17, 6);
  for (const value of scores([a, float])) expect(value).toBeCloseTo(17 + 10 * Math.log10(2), 4);
});
