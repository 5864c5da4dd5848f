import { afterAll, describe, expect, test } from 'vitest';
import type { SampleSource } from '../../../../engine/data/samples/dataset';
import { exposeTensors } from '../../../../engine/onnx/graph/addGraphOutputs';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import { type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { correctBias } from '../../../../engine/search/remedies/correctBias';
import type { QuantPlan } from '../../../../engine/quantize/plan';
import { rewriteQdq } from '../../../../engine/quantize/write/rewrite';
import { WorkerPool } from '../../../../engine/runtime/workerPool';
import { biasErrors } from '../../../../engine/search/remedies/biasErrors';
import { localSqnr } from '../../../../engine/evaluate/noise/localError';
import { quantizeTiny } from '../../quantize/quantizeTiny';
import { float, runModel } from '../../runTiny';
import { node, noise, noisy, tinyModel, type TinyModel } from '../../tinyModel';

const pool = new WorkerPool(2);
afterAll(() => pool.dispose());

const x86 = { profile: 'x86', weights: 'per-tensor' } as const;
/** Samples of different size, all positive, so that errors of the weights do not cancel. */
const sampleOf = (i: number) => {
  const dims = [1, 3, 6 + (i % 3), 6];
  const data = noise(
    dims.reduce((a, b) => a * b),
    i + 1,
  ).map((v) => 1 + v);
  return { name: `#${i}`, feeds: { x: float(dims, data) }, truth: null };
};
const source = (length: number): SampleSource => ({ length, load: (i) => Promise.resolve(sampleOf(i)) });

const kinds: Record<string, TinyModel['nodes'][number][]> = {
  'a convolution with a Relu': [node('Conv', ['x', 'v', 'b'], 'c'), node('Relu', ['c'], 'y')],
  'a convolution without bias': [node('Conv', ['x', 'v'], 'y')],
  'a depthwise convolution': [node('Conv', ['x', 'd'], 'y', { group: 3 })],
  'a transposed convolution': [node('ConvTranspose', ['x', 't', 'b2'], 'y', { group: 1 })],
  'a product with an Add': [node('MatMul', ['x', 'm'], 'c'), node('Add', ['c', 'b'], 'y')],
};
const constants: NonNullable<TinyModel['constants']> = {
  v: noisy([4, 3, 3, 3], 1, 0.1),
  d: noisy([3, 1, 3, 3], 3, 0.1),
  t: noisy([3, 2, 2, 2], 4, 0.1),
  m: noisy([6, 4], 5, 0.1),
  b: noisy([4], 9),
  b2: noisy([2], 8),
};
// One large value each makes the grid coarse.
for (const name of ['v', 'd', 't', 'm']) {
  const given = constants[name];
  if (Array.isArray(given))
    constants[name] = [given[0], Float32Array.from(given[1], (v, i) => (i === 0 ? 20 : v))];
}

async function valuesOf(model: Model, tensor: string, samples: number): Promise<number[][][]> {
  const { model: exposed, outputs } = exposeTensors(model, [tensor]);
  const name = outputs.get(tensor) ?? tensor;
  return Promise.all(
    Array.from({ length: samples }, async (_, i) => {
      const found = (await runModel(exposed, sampleOf(i).feeds, [name]))[name];
      const dims = found?.dims ?? [];
      // By channel: axis 1 of what a convolution makes, the last of a product's.
      const isProduct = model.graph.node.some((n) => n.opType === 'MatMul');
      const axis = isProduct ? dims.length - 1 : 1;
      const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
      const channels: number[][] = Array.from({ length: dims[axis] ?? 0 }, () => []);
      Array.from(found?.data ?? [], Number).forEach((v, k) =>
        channels[Math.floor(k / inner) % channels.length]?.push(v),
      );
      return channels;
    }),
  );
}

const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;

describe.each(Object.entries(kinds))('%s', (_, nodes) => {
  const model = tinyModel({ inputs: { x: [1, 3, 'h', 6] }, outputs: ['y'], constants, nodes });
  // A largest sample, so that nothing is clipped for want of range.
  const ready = quantizeTiny(
    model,
    {
      x: float(
        [1, 3, 8, 6],
        noise(144, 3).map((v) => 1 + v),
      ),
    },
    x86,
  );
  const own = nodes[0]?.output[0] ?? '';
  /** The int8 model, and what its layer makes before that is quantized. */
  const unquantized = (float: Model, plan: QuantPlan): [Model, string] => {
    const int8 = rewriteQdq(float, plan);
    return [int8, int8.graph.node.find((n) => n.name === `${own}_node`)?.output[0] ?? ''];
  };
  const errorsOf = (float: Model, plan: QuantPlan, samples: number) =>
    biasErrors(pool, float, findLayers(float.graph), plan, source(samples));

  test('its mean error per channel is that of its own output', async () => {
    const { float: normalized, plan } = await ready;
    const measured = await errorsOf(normalized, plan, 1);
    const before = (await valuesOf(normalized, own, 1))[0] ?? [];
    const after = (await valuesOf(...unquantized(normalized, plan), 1))[0] ?? [];
    const expected = before.map((values, c) => mean((after[c] ?? []).map((v, i) => v - (values[i] ?? NaN))));
    const found = measured.get(`${own}_node`);
    expect(found).toHaveLength(expected.length);
    expected.forEach((e, c) => expect(found?.[c]).toBeCloseTo(e, 4));
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.02);
  });

  test('over samples of different size every value counts the same, and chance is shrunk away', async () => {
    const { float: normalized, plan } = await ready;
    const measured = (await errorsOf(normalized, plan, 6)).get(`${own}_node`);
    const before = await valuesOf(normalized, own, 6);
    const after = await valuesOf(...unquantized(normalized, plan), 6);
    const channels = before[0]?.length ?? 0;
    for (let c = 0; c < channels; c++) {
      const each = before.map((s, k) => (s[c] ?? []).map((v, i) => (after[k]?.[c]?.[i] ?? NaN) - v));
      const all = mean(each.flat());
      const size = mean(each.map((e) => e.length));
      const spread = each.reduce((sum, e) => sum + (mean(e) - all) ** 2 * e.length ** 2, 0) / (6 - 1);
      const chance = spread / size ** 2 / 6;
      expect(measured?.[c]).toBeCloseTo(all * Math.max(0, 1 - chance / all ** 2), 4);
    }
  });

  test('it is gone when the bias is corrected', async () => {
    const { float: normalized, plan } = await ready;
    const layers = findLayers(normalized.graph);
    const corrected = correctBias(normalized, await errorsOf(normalized, plan, 6));
    expect(corrected.changes).toMatchObject([{ layer: `${own}_node`, left: null }]);
    // A product's bias is added behind it.
    const isAdded = nodes.some((n) => n.opType === 'Add');
    const y = await valuesOf(normalized, isAdded ? 'y' : own, 6);
    const errors = async (float: Model) => {
      const [int8, made] = unquantized(float, plan);
      const found = await valuesOf(int8, isAdded ? 'y' : made, 6);
      const list = y[0]?.map((__, c) =>
        mean(y.flatMap((s, k) => (s[c] ?? []).map((v, i) => (found[k]?.[c]?.[i] ?? NaN) - v))),
      );
      return Math.max(...(list ?? []).map(Math.abs));
    };
    const after = corrected.model;
    expect(await errors(after)).toBeLessThan(0.35 * (await errors(normalized)));
    // Measured against the model from before the correction.
    const sqnr = (remedied: Model) => localSqnr(pool, normalized, layers, plan, source(6), {}, remedied);
    const [plain, better] = [await sqnr(normalized), await sqnr(after)];
    expect(better.get(`${own}_node`)).toBeGreaterThan((plain.get(`${own}_node`) ?? NaN) + 0.2);
    const written = decodeModel(encodeModel(corrected.model), 'corrected');
    expect(written.graph.node).toHaveLength(nodes.length);
  });
});

test('of a layer that no sample reaches nothing is known', async () => {
  const model = tinyModel({
    inputs: { x: [1, 3, 'h', 6] },
    outputs: ['y'],
    constants,
    nodes: kinds['a convolution without bias'] ?? [],
  });
  const { float: normalized, plan } = await quantizeTiny(model, sampleOf(0).feeds, x86);
  expect(await biasErrors(pool, normalized, findLayers(normalized.graph), plan, source(0))).toEqual(
    new Map(),
  );
  expect(await localSqnr(pool, normalized, [], plan, source(1))).toEqual(new Map());
});
