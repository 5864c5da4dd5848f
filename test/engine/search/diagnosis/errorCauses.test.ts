import { afterAll, describe, expect, test } from 'vitest';
import type { Sample } from '../../../../engine/data/samples/dataset';
import { makeTensor } from '../../../../engine/onnx/tensors/elements';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import type { Model } from '../../../../engine/onnx/graph/model';
import type { ProfileName, WeightGranularity } from '../../../../engine/shared/protocol/choices';
import { profiles } from '../../../../engine/quantize/targets/profiles';
import { rewriteQdq } from '../../../../engine/quantize/write/rewrite';
import { WorkerPool } from '../../../../engine/runtime/workerPool';
import { Causes } from '../../../../engine/search/diagnosis/errorCauses';
import { localSqnr } from '../../../../engine/evaluate/noise/localError';
import { pathErrors } from '../../../../engine/evaluate/noise/accumulatedError';
import { weightNoise } from '../../../../engine/evaluate/noise/estimatedSqnr';
import { fewDirections } from '../../../../engine/search/diagnosis/weightCauses';
import { x86Here } from '../../quantize/here';
import { quantizeTiny } from '../../quantize/quantizeTiny';
import { float } from '../../runTiny';
import { int64, node, noise, noisy, tinyModel } from '../../tinyModel';

const pool = new WorkerPool(1);
afterAll(() => pool.dispose());

const image = [1, 8, 6, 6];
const values = noise(288, 3);

interface Planted {
  fault: string;
  model: Model;
  layer: string;
  input?: number[] | Float32Array;
  profile?: ProfileName;
  weights?: WeightGranularity;
  said: RegExp;
}

/** A weight of [8, 8, 1, 1] whose first output channel is many times as wide as the others. */
const wide = noise(64, 5).map((v, i) => (i < 8 ? 60 * v : v));
const plain = {
  inputs: { x: image },
  outputs: ['y'],
  constants: { w: noisy([8, 8, 1, 1], 1), v: noisy([8, 8, 1, 1], 2) },
};
const chain = [node('Conv', ['x', 'w'], 'a'), node('Conv', ['a', 'v'], 'y')];

/** Two of sixteen outputs are small, and what follows reads them above all. */
const faint = noise(256, 5).map((v, i) => (i % 16 < 2 ? 1e-3 * v : v));
const louder = noise(64, 6).map((v, i) => (i < 8 ? 2e3 * v : v));

/** A weight of rank 2 that takes each second input off the one before, and inputs that come in almost equal pairs. */
const across = (() => {
  const columns = [7, 8].map((seed) => {
    const part = noise(32, seed);
    return part.map((w, i) => (i % 2 === 0 ? w : 0.04 * w - (part[i - 1] ?? 0)));
  });
  const weight = Float32Array.from({ length: 1024 }, (_, i) =>
    columns.reduce((sum, column, k) => sum + (column[i >> 5] ?? 0) * (noise(32, 20 + k)[i & 31] ?? 0), 0),
  );
  // 0 and 1 are codes, so that the input has no noise of its own.
  const drawn = noise(64 * 32, 4);
  return { weight, input: drawn.map((_, i) => ((drawn[i & ~1] ?? 0) > 0 ? 1 : 0)) };
})();

/** Channels in almost equal pairs, and a weight that takes one off the other: what is left is small beside the steps of what it reads. */
const paired = values.map((v, i) => (Math.floor(i / 36) % 2 === 0 ? v : (values[i - 36] ?? 0) + 0.05 * v));
const apart = noise(64, 1).map((w, i, all) => (i % 2 === 0 ? w : -(all[i - 1] ?? 0)));

const planted: Planted[] = [
  {
    fault: 'weight-channels',
    model: tinyModel({ ...plain, constants: { ...plain.constants, v: [[8, 8, 1, 1], wide] }, nodes: chain }),
    layer: 'y_node',
    weights: 'per-tensor',
    said: /the widest reaches \d+ times as far/,
  },
  {
    fault: 'lost-channels',
    model: tinyModel({
      inputs: { x: [1, 16] },
      outputs: ['y'],
      constants: { w: [[16, 16], faint], v: [[16, 4], louder] },
      nodes: [node('MatMul', ['x', 'w'], 'a'), node('MatMul', ['a', 'v'], 'y')],
    }),
    layer: 'a_node',
    input: noise(16, 4),
    weights: 'per-tensor',
    said: /2 of 16 channels of its weight round to nothing/,
  },
  {
    fault: 'low-rank',
    model: tinyModel({
      inputs: { x: [64, 32] },
      outputs: ['y'],
      constants: { w: [[32, 32], across.weight] },
      nodes: [node('MatMul', ['x', 'w'], 'y')],
    }),
    layer: 'y_node',
    input: across.input,
    said: /acts along about [12]\.\d of 32 directions .* lets \d+\.\d dB more noise through/,
  },
  {
    fault: 'outliers',
    model: tinyModel({
      ...plain,
      inputs: { x: [1, 8, 40, 40] },
      nodes: [node('Conv', ['x', 'w'], 'y')],
    }),
    layer: 'y_node',
    // One in ten thousand reaches fifty times as far.
    input: noise(12_800, 3).map((v, i) => (i === 777 ? 50 : v)),
    said: /lies within ±1, and its grid reaches \d+: one value in a thousand takes \d\.\d of 8 bits/,
  },
  {
    fault: 'unlike-parts',
    model: tinyModel({
      ...plain,
      constants: { ...plain.constants, big: noisy([8, 8, 1, 1], 7, 90), u: noisy([8, 16, 1, 1], 6) },
      nodes: [
        node('Conv', ['x', 'w'], 'small'),
        node('Conv', ['x', 'big'], 'large'),
        node('Concat', ['small', 'large'], 'joined', { axis: 1 }),
        node('Conv', ['joined', 'u'], 'y'),
      ],
    }),
    layer: 'y_node',
    said: /joined of tensors whose ranges differ \d+-fold/,
  },
  {
    fault: 'shared-grid',
    model: tinyModel({
      ...plain,
      constants: {
        // Half the channels reach ninety times as far; one layer reads all of them, and one the others.
        w: [[8, 8, 1, 1], noise(64, 1).map((v, i) => (i < 32 ? 90 * v : v))],
        ...{ u: noisy([8, 4, 1, 1], 6), v: noisy([8, 8, 1, 1], 2) },
        ...{ from: int64('from', [4]), to: int64('to', [8]), axis: int64('axis', [1]) },
      },
      nodes: [
        node('Conv', ['x', 'w'], 'all'),
        node('Slice', ['all', 'from', 'to', 'axis'], 'part'),
        node('Conv', ['part', 'u'], 'y'),
        node('Conv', ['all', 'v'], 'z'),
      ],
      outputs: ['y', 'z'],
    }),
    layer: 'y_node',
    said: /on the grid of what it is a part of, which reaches \d+: that takes \d\.\d of 8 bits/,
  },
  {
    fault: 'half-unused',
    model: tinyModel({
      ...{ ...plain, constants: { w: [[8, 8, 1, 1], apart] } },
      nodes: [node('Relu', ['x'], 'r'), node('Conv', ['r', 'w'], 'y')],
    }),
    layer: 'y_node',
    input: paired,
    profile: 'tensorrt',
    said: /never below zero/,
  },
  {
    fault: 'lobe-lost',
    model: tinyModel({
      inputs: { x: [1, 64] },
      outputs: ['y'],
      // The product does not look at what makes the steps coarse.
      constants: { w: [[64, 8], noise(512, 1).map((v, i) => (i >> 3 === 5 ? 0 : v))] },
      nodes: [node('Gelu', ['x'], 'g'), node('MatMul', ['g', 'w'], 'y')],
      opset: 20,
    }),
    layer: 'y_node',
    // One value of 60 makes steps of a quarter.
    input: noise(64, 4).map((v, i) => (i === 5 ? 60 : 2 * v)),
    said: /negative values, down to -0\.1\d*, lie within two steps/,
  },
  {
    fault: 'upstream',
    model: tinyModel({ ...plain, nodes: chain }),
    layer: 'y_node',
    said: /most of the error at its output in the int8 net/,
  },
  {
    fault: 'coarse',
    model: tinyModel({ ...plain, nodes: chain }),
    layer: 'y_node',
    said: /8 bits are too few/,
  },
];

/** Faults of what stands between the layers. */
const between = new Set(['unlike-parts', 'shared-grid']);

describe.each(planted)(
  'a net with $fault',
  ({ fault, model, layer: name, input, profile = x86Here, weights = 'per-channel', said }) => {
    test('is told so', async () => {
      const dims =
        model.graph.input[0]?.type?.value.case === 'tensorType'
          ? model.graph.input[0].type.value.value.shape?.dim
          : [];
      const shape = (dims ?? []).map((d) => Number(d.value.value ?? 1));
      const sample: Sample = { name: '#0', feeds: { x: float(shape, input ?? values) }, truth: null };
      const samples = { length: 1, load: () => Promise.resolve(sample) };
      const settings = { profile, weights };
      const {
        float: normalized,
        int8,
        plan,
        histograms,
      } = await quantizeTiny(model, sample.feeds, settings, [], between.has(fault));
      const layers = findLayers(normalized.graph);
      const layer = layers.find((l) => l.name === name);
      if (layer === undefined) throw new Error(`no layer ${name}`);
      const alone = { ...plan, operators: new Set<string>() };
      const stored = { ...alone, grids: new Map(layers.map((l) => [l.name, 'int8-weights'] as const)) };
      const sqnr = await localSqnr(pool, normalized, layers, alone, samples);
      const weightsDb = await localSqnr(pool, normalized, layers, stored, samples, { unfused: true });
      // A first layer that reads all but noise.
      const coarse = new Map(
        [...plan.activations].map(([t, a]) => [t, t === 'x' ? { ...a, scale: 30 * a.scale } : a] as const),
      );
      const whole = fault === 'upstream' ? rewriteQdq(normalized, { ...plan, activations: coarse }) : int8;
      const outputs = layers.map((l) => l.output);
      const path = await pathErrors(pool, normalized, whole, outputs, samples);
      const only = rewriteQdq(normalized, { ...alone, layers: new Set([name]) });
      const output = await pathErrors(pool, normalized, only, ['y'], samples);
      const cause = new Causes(normalized, histograms, { ...plan, weights }).of(layer, {
        sqnrDb: sqnr.get(name) ?? 0,
        weightsDb: weightsDb.get(name) ?? 0,
        outputDb: output.get('y')?.sqnrDb ?? 0,
        pathDb: path.get('y')?.sqnrDb ?? null,
        costs: fault !== 'upstream',
      });
      expect(cause.kind).toBe(fault);
      expect(cause.reason).toMatch(said);
      expect(cause.reason).not.toMatch(/NaN|Infinity|undefined/);
    });
  },
);

test('a weight of low rank is no cause by itself', () => {
  const model = tinyModel({
    inputs: { x: [64, 32] },
    outputs: ['y'],
    constants: { w: [[32, 32], across.weight] },
    nodes: [node('MatMul', ['x', 'w'], 'y')],
  });
  const [layer] = findLayers(model.graph);
  if (layer === undefined) throw new RangeError('no layer');
  const plan = { weights: 'per-channel', profile: profiles.x86 } as const;
  const foretold = weightNoise(layer, plan);
  expect(fewDirections(layer, plan, 3 * foretold)).toBeNull();
  expect(fewDirections(layer, plan, 5 * foretold)?.kind).toBe('low-rank');
  const full = { ...layer, weight: makeTensor('w', [32, 32], noise(1024, 1)) };
  expect(fewDirections(full, plan, 5 * weightNoise(full, plan))).toBeNull();
});

test('what scales per channel would save is foretold, and is what they save', async () => {
  const [fault] = planted;
  if (fault === undefined) throw new RangeError('nothing planted');
  const feeds = { x: float(image, values) };
  const samples = { length: 1, load: () => Promise.resolve<Sample>({ name: 'one', feeds, truth: null }) };
  const noiseWith = async (weights: WeightGranularity) => {
    const {
      float: normalized,
      plan,
      histograms,
    } = await quantizeTiny(fault.model, feeds, {
      profile: x86Here,
      weights,
    });
    const layers = findLayers(normalized.graph);
    const stored = { ...plan, grids: new Map(layers.map((l) => [l.name, 'int8-weights'] as const)) };
    const sqnr = await localSqnr(pool, normalized, layers, plan, samples);
    const alone = await localSqnr(pool, normalized, layers, stored, samples, { unfused: true });
    const [sqnrDb, weightsDb] = [sqnr, alone].map((found) => found.get(fault.layer) ?? NaN);
    return { normalized, plan, histograms, layers, sqnrDb: sqnrDb ?? NaN, weightsDb: weightsDb ?? NaN };
  };
  const [one, many] = [await noiseWith('per-tensor'), await noiseWith('per-channel')];
  const layer = one.layers.find(({ name }) => name === fault.layer);
  if (layer === undefined) throw new RangeError('no layer');
  const { sqnrDb, weightsDb } = one;
  const { gainDb } = new Causes(one.normalized, one.histograms, one.plan).of(layer, {
    ...{ sqnrDb, weightsDb, outputDb: sqnrDb, pathDb: null, costs: true },
  });
  expect(gainDb).toBeGreaterThan(1);
  expect(Math.abs((gainDb ?? 0) - (many.sqnrDb - sqnrDb))).toBeLessThan(2);
});
