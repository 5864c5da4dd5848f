import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Tensor, TensorData } from '../../../../engine/data/samples/dataset';
import { meanCosine } from '../../../../engine/data/metrics/cosineMetric';
import { createMetric } from '../../../../engine/data/metrics/createMetric';
import { differenceOf } from '../../../../engine/data/metrics/differenceOf';
import { meanSqnrDb } from '../../../../engine/data/metrics/sqnrMetric';
import type { MetricName } from '../../../../engine/shared/protocol/choices';

function floats(dims: number[], ...values: number[]): Tensor {
  return { type: 'float32', dims, data: Float32Array.from(values) };
}

function score(metric: MetricName, float: Tensor | Record<string, Tensor>, other: typeof float): number {
  const named = (one: typeof float): Record<string, Tensor> => ('data' in one ? { y: one as Tensor } : one);
  const names = Object.keys(named(float));
  const scorer = createMetric({ metric, alphabet: [] }, names);
  // As a worker would receive it.
  const reference = structuredClone(scorer.reference(named(float)));
  return scorer.score(named(other), null, reference).value;
}

const sqnrDb = (float: number[], other: number[]) => meanSqnrDb([differenceOf(float, other)]);
const cosine = (float: number[], other: number[]) => meanCosine([differenceOf(float, other)]);

test('measures noise in dB', () => {
  expect(sqnrDb([3, 4], [3, 4.5])).toBeCloseTo(20, 9);
  expect(sqnrDb([1, 0], [0, 0])).toBe(0);
  expect(sqnrDb([1], [3])).toBeCloseTo(-6.0206, 4);
  expect(sqnrDb([1, 2], [1, 2])).toBe(100);
  expect(sqnrDb([0], [1])).toBe(-100);
  expect(sqnrDb([1], [1 + 1e-7])).toBe(100);
  expect([sqnrDb([1], [NaN]), sqnrDb([1], [Infinity]), sqnrDb([NaN], [1]), sqnrDb([1], [1, 2])]).toEqual([
    -100, -100, -100, -100,
  ]);
});

test('measures the cosine', () => {
  expect(cosine([1, 0], [0, 1])).toBe(0);
  expect(cosine([1, 1], [2, 2])).toBeCloseTo(1, 12);
  expect(cosine([1, 2], [-1, -2])).toBeCloseTo(-1, 12);
  expect([cosine([0], [0]), cosine([0], [1]), cosine([1], [NaN]), cosine([1], [1, 1])]).toEqual([1, 0, 0, 0]);
});

test('averages over outputs', () => {
  const float = { a: floats([2], 3, 4), b: floats([1], 1) };
  expect(score('sqnr', float, { a: floats([2], 3, 4.5), b: floats([1], 1) })).toBeCloseTo((20 + 100) / 2, 5);
  expect(score('cosine', float, { a: floats([2], -4, 3), b: floats([1], 1) })).toBeCloseTo(0.5, 6);
});

test('agrees by the best class along the last axis', () => {
  const float = floats([1, 2, 3], 1, 2, 3, 3, 2, 1);
  expect(score('agreement', float, floats([1, 2, 3], 0, 0, 9, 0, 9, 0))).toBe(0.5);
  expect(score('agreement', float, floats([1, 2, 3], 0, 0, NaN, 9, 0, 0))).toBe(0.5);
});

test('agrees by the side of 0.5 for probabilities, of 0 for other values', () => {
  expect(score('agreement', floats([4, 1], 0.1, 0.9, 0.6, 0.4), floats([4, 1], 0.2, 0.4, 1.1, -0.3))).toBe(
    0.75,
  );
  expect(score('agreement', floats([2, 1], -3, 0.2), floats([2, 1], -0.1, 0.1))).toBe(1);
  expect(score('agreement', floats([], 0.9), floats([], NaN))).toBe(0);
});

test('agrees by equality for integers, and counts what is missing', () => {
  const ints = (...values: bigint[]): Tensor => ({
    type: 'int64',
    dims: [values.length],
    data: BigInt64Array.from(values),
  });
  expect(score('agreement', ints(1n, -1n), ints(1n, 3n))).toBe(0.5);
  expect(score('agreement', ints(5n, 6n, 7n, 8n), ints(5n, 6n))).toBe(0.5);
  expect(score('agreement', ints(), ints())).toBe(1);
});

test('asks for the same outputs of both models', () => {
  const metric = createMetric({ metric: 'sqnr', alphabet: [] }, ['y']);
  const outputs = { y: floats([1], 1) };
  expect(() => metric.score({}, null, metric.reference(outputs))).toThrow(
    'Output "y" is missing from the run of the model',
  );
  expect(() => metric.score(outputs, null, null)).toThrow('missing from the run of the float model');
});

test.each<MetricName>(['sqnr', 'cosine', 'agreement'])(
  '%s: a model is its own best match, and never NaN',
  (metric) => {
    const bytes = fc.uint8Array({ minLength: 4, maxLength: 64 });
    fc.assert(
      fc.property(bytes, bytes, (first, second) => {
        // Any bits: NaN, infinities and subnormals among them.
        const tensor = (data: TensorData): Tensor => ({ type: 'float32', dims: [data.length], data });
        const of = (raw: Uint8Array) => tensor(new Float32Array(raw.slice(0, raw.length & ~3).buffer));
        const [one, other] = [of(first), of(second)];
        const own = score(metric, one, one);
        const value = score(metric, one, other);
        expect(Number.isFinite(own) && Number.isFinite(value)).toBe(true);
        expect(value).toBeLessThanOrEqual(own + 1e-9);
      }),
    );
  },
);

test('a metric looks at the outputs that the data names, and at no others', () => {
  const data = { metric: 'agreement' as const, alphabet: [], outputs: ['scores'] };
  const metric = createMetric(data, ['boxes', 'scores']);
  const scores = { type: 'float32' as const, dims: [2, 1], data: Float32Array.of(-1, 2) };
  const boxes = (x: number) => ({ type: 'float32' as const, dims: [1, 2], data: Float32Array.of(x, 1) });
  const reference = metric.reference({ boxes: boxes(0), scores });
  expect(metric.score({ boxes: boxes(9), scores }, null, reference).value).toBe(1);
  expect(() => createMetric({ ...data, outputs: ['score'] }, ['boxes', 'scores'])).toThrow(
    'looks at output "score", which the model does not have',
  );
});
