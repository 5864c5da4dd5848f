import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { SampleSource } from '../../../engine/data/samples/dataset';
import { findLayers } from '../../../engine/onnx/layers/layers';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { encodeWithTaps } from '../../../engine/runtime/inferShapes';
import { rewriteQdq } from '../../../engine/quantize/write/rewrite';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import {
  calibrationPass,
  mergeCalibrations,
  type Calibration,
} from '../../../engine/calibrate/calibrationPass';
import { Evaluator } from '../../../engine/evaluate/evaluator';
import { isFaster, measureLatencies, speedup } from '../../../engine/evaluate/latency';
import { localErrors, localSqnr } from '../../../engine/evaluate/noise/localError';
import { pathErrors } from '../../../engine/evaluate/noise/accumulatedError';
import { rankLayers, selectFloatLayers } from '../../../engine/search/diagnosis/rankLayers';
import { quantizeTiny } from '../quantize/quantizeTiny';
import { cosine } from '../cosine';
import { float, runModel, testWorker } from '../runTiny';
import { node, noise, noisy, tinyModel } from '../tinyModel';
import { x86Here } from '../quantize/here';

const pool = new WorkerPool(2);
afterAll(() => pool.dispose());

describe('ranking', () => {
  test('puts the largest drop first, and where drops are equal the noisier layer', () => {
    const layers = [
      { name: 'quiet', drop: 0, outputDb: 40 },
      { name: 'helps', drop: -0.1, outputDb: 5 },
      { name: 'worst', drop: 0.5, outputDb: 30 },
      { name: 'noisy', drop: 0, outputDb: 9 },
    ];
    expect(rankLayers(layers).map((l) => l.name)).toEqual(['worst', 'noisy', 'quiet', 'helps']);
    expect(layers[0]?.name).toBe('quiet');
  });
});

describe('the layers to keep in float', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `layer${i}`);

  test('are the fewest of the ranking that meet the target, where more floats never hurt', async () => {
    const gains = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(gains, fc.integer({ min: 0, max: 100 }), async (gain, target) => {
        const scoreOf = (count: number) => gain.slice(0, count).reduce((a, b) => a + b, 0);
        let measured = 0;
        const selection = await selectFloatLayers(
          () => Promise.resolve(names(gain.length)),
          (keep) => {
            measured++;
            // Only beginnings of the ranking are tried.
            expect(keep).toEqual(names(gain.length).slice(0, keep.length));
            return Promise.resolve(scoreOf(keep.length));
          },
          (score) => score >= target,
        );
        const fewest = [...gain, 0].findIndex((_, count) => scoreOf(count) >= target);
        expect(selection.meetsTarget).toBe(fewest >= 0);
        if (fewest >= 0) expect(selection.keepFloat).toHaveLength(fewest);
        expect(selection.score).toBe(scoreOf(selection.keepFloat.length));
        expect(measured).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(gain.length + 1)) + 2);
      }),
    );
  });

  test('are always a set that was measured and met the target, however the scores jump', async () => {
    const scores = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(scores, async (score) => {
        const tried = new Map<number, number>();
        const selection = await selectFloatLayers(
          () => Promise.resolve(names(score.length - 1)),
          (keep) => {
            tried.set(keep.length, score[keep.length] ?? NaN);
            return Promise.resolve(score[keep.length] ?? NaN);
          },
          (s) => s >= 8,
        );
        expect(tried.get(selection.keepFloat.length)).toBe(selection.score);
        expect(selection.meetsTarget).toBe(selection.score >= 8);
        if (!selection.meetsTarget) expect(selection.score).toBe(Math.max(...tried.values()));
      }),
    );
  });

  test('are none, unranked, where int8 is good enough', async () => {
    const rank = () => Promise.reject(new Error('ranked for nothing'));
    const selection = await selectFloatLayers(
      rank,
      () => Promise.resolve(1),
      () => true,
    );
    expect(selection).toEqual({ keepFloat: [], score: 1, meetsTarget: true });
  });
});

const dims = [1, 3, 6, 6];
const two = tinyModel({
  inputs: { x: ['n', 3, 6, 6] },
  outputs: ['y'],
  constants: { v: noisy([4, 3, 3, 3], 1), b: noisy([4], 9), w: noisy([64, 5], 2) },
  nodes: [
    node('Conv', ['x', 'v', 'b'], 'c'),
    node('Relu', ['c'], 'r'),
    node('Flatten', ['r'], 'f'),
    node('MatMul', ['f', 'w'], 'y'),
  ],
});
const sampleOf = (i: number) => ({
  name: `#${i}`,
  feeds: { x: float(dims, noise(108, i + 1)) },
  truth: i % 5,
});
const samples: SampleSource = { length: 8, load: (i) => Promise.resolve(sampleOf(i)) };
const x86 = { profile: x86Here, weights: 'per-tensor' } as const;

function ratio(signal: number[], received: number[]): number {
  const power = (list: number[]) => list.reduce((sum, v) => sum + v * v, 0);
  return 10 * Math.log10(power(signal) / power(signal.map((v, i) => v - (received[i] ?? NaN))));
}

test('each layer’s own noise is measured with float inputs, over all samples', async () => {
  const { float: model, plan } = await quantizeTiny(two, sampleOf(0).feeds, x86);
  const layers = findLayers(model.graph);
  let steps = 0;
  const measured = await localErrors(pool, model, layers, plan, samples, { onSample: () => steps++ });
  expect(steps).toBe(8);

  const outputs = (of: Parameters<typeof runModel>[0], name: string) =>
    Promise.all(Array.from({ length: 8 }, (_, i) => runModel(of, sampleOf(i).feeds, [name]))).then((all) =>
      all.flatMap((o) => Array.from(o[name]?.data ?? [], Number)),
    );
  // Only one layer in int8, so that its inputs are exact: seen at its own output.
  const alone = (name: string) => rewriteQdq(model, { ...plan, layers: new Set([name]) });
  const conv = ratio(
    await outputs(encodeWithTaps(model, ['r']), 'r'),
    await outputs(encodeWithTaps(alone('c_node'), ['r']), 'r'),
  );
  const [exact, rounded] = [
    await outputs(encodeModel(model), 'y'),
    await outputs(encodeModel(alone('y_node')), 'y'),
  ];
  expect(measured.get('c_node')?.sqnrDb).toBeCloseTo(conv, 1);
  expect(measured.get('y_node')?.sqnrDb).toBeCloseTo(ratio(exact, rounded), 1);
  const angle = cosine(exact, rounded);
  expect(angle).toBeLessThan(1 - 1e-5);
  expect(Math.log10(1 - (measured.get('y_node')?.cosine ?? 1))).toBeCloseTo(Math.log10(1 - angle), 1);
  const path = await pathErrors(pool, model, alone('y_node'), ['y'], samples);
  expect(path.get('y')?.sqnrDb).toBeCloseTo(ratio(exact, rounded), 6);
  expect(path.get('y')?.cosine).toBeCloseTo(angle, 9);
  expect(conv).toBeGreaterThan(20);
  expect(conv).toBeLessThan(60);
});

test('a layer that calibration barely reached is told by its noise', async () => {
  const { float: model, plan } = await quantizeTiny(two, sampleOf(0).feeds, x86);
  const layers = findLayers(model.graph);
  const clipped = new Map(plan.activations);
  const x = clipped.get('x');
  if (x !== undefined) clipped.set('x', { ...x, scale: x.scale / 20 });
  const few = { ...samples, length: 2 };
  const before = await localSqnr(pool, model, layers, plan, few);
  const after = await localSqnr(pool, model, layers, { ...plan, activations: clipped }, few);
  expect(after.get('c_node')).toBeLessThan(5);
  // The other layer is fed by the float model and hears nothing of it.
  expect(after.get('y_node')).toBeCloseTo(before.get('y_node') ?? NaN, 4);
});

describe('a calibration pass', () => {
  const tensors = new Set(['x', 'r']);
  /** Bins without values take long to compare. */
  const brief = ({ histograms, ...rest }: Calibration) => ({
    ...rest,
    histograms: Object.entries(histograms).map(([name, { octaves, ...state }]) => {
      const bins = octaves.map(({ octave, counts }) => [octave, counts.join().replaceAll(/(,0)+$/g, '')]);
      return { name, ...state, bins };
    }),
  });
  const pass = (options?: Parameters<typeof calibrationPass>[4], source = samples, workers = pool) =>
    calibrationPass(workers, two, tensors, source, options);

  test('counts every sample once, whatever worker it fell to', async () => {
    const found = await pass();
    expect(found.histograms['x']?.finite).toBe(8 * 108);
    expect(found.histograms['r']?.finite).toBe(8 * 64);
    expect(found.counted.map((c) => c.index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const one = new WorkerPool(1);
    try {
      expect(brief(await pass({}, samples, one))).toEqual(brief(found));
    } finally {
      await one.dispose();
    }
  });

  test('in parts is the same as a whole', async () => {
    const parts = [
      await pass({ indices: [0, 3, 6] }),
      await pass({ indices: [1, 4, 7] }),
      await pass({ indices: [2, 5] }),
    ];
    expect(brief(mergeCalibrations(parts))).toEqual(brief(await pass()));
  });

  test('does not run again what was counted, and goes on from there', async () => {
    const known = await pass({ indices: [0, 1, 2, 3, 4] });
    // If the model were run for these, they would count twice.
    expect(brief(await pass({ known }))).toEqual(brief(await pass()));
  });

  test('begins anew when more was counted than is asked for', async () => {
    const known = await pass();
    const indices = [1, 2];
    expect(brief(await pass({ known, indices }))).toEqual(brief(await pass({ indices })));
  });

  test('that is cancelled keeps what was done', async () => {
    const abort = new AbortController();
    let kept: Calibration | undefined;
    const cancelled = pass({
      signal: abort.signal,
      onSample: () => abort.abort(),
      keep: (part) => Promise.resolve(void (kept = part)),
    });
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    const counted = kept?.counted.length ?? 0;
    expect(counted).toBeGreaterThan(0);
    expect(counted).toBeLessThan(8);
    expect(kept?.histograms['x']?.finite).toBe(counted * 108);
    expect(brief(await pass({ known: kept }))).toEqual(brief(await pass()));
  });

  const broken = {
    length: 8,
    load: async (i: number) => {
      const sample = await samples.load(i);
      const short = { ...sample, name: `odd ${i}`, feeds: { x: float([1, 1, 2, 2], [1, 2, 3, 4]) } };
      return i === 2 || i === 5 ? short : sample;
    },
  };

  test('names the sample that fails', async () => {
    await expect(pass({}, broken)).rejects.toMatchObject({
      code: 'runtime',
      message: expect.stringMatching(/^Sample odd [25]: onnxruntime failed/) as string,
    });
  });

  test('goes on without samples that fail, if it may', async () => {
    const found = await pass({ skipFailed: true }, broken);
    expect(found.skipped.map((s) => [s.index, s.name])).toEqual([
      [2, 'odd 2'],
      [5, 'odd 5'],
    ]);
    expect(brief({ ...found, skipped: [] })).toEqual(brief(await pass({ indices: [0, 1, 3, 4, 6, 7] })));
  });

  test('says where values came that are no numbers', async () => {
    const source = {
      length: 8,
      load: async (i: number) => {
        const sample = await samples.load(i);
        const data = Float32Array.from(sample.feeds['x']?.data ?? [], Number);
        if (i >= 3) data[i] = i === 3 ? Infinity : NaN;
        return { ...sample, feeds: { x: float(sample.feeds['x']?.dims ?? [], [...data]) } };
      },
    };
    const { notFinite } = (await pass({}, source)).histograms['x'] ?? {};
    expect(notFinite).toEqual({ nan: 4, positive: 1, negative: 0, first: 3 });
  });
});

describe('the evaluator', () => {
  const top1 = { metric: 'top1' as const, alphabet: [], all: ['y'] };
  const agreement = { metric: 'agreement' as const, alphabet: [], all: ['y'] };
  const floatModel = encodeModel(two);

  async function answers(model: Uint8Array): Promise<number[]> {
    const found: number[] = [];
    for (let i = 0; i < samples.length; i++) {
      const scores = Array.from((await runModel(model, sampleOf(i).feeds, ['y']))['y']?.data ?? [], Number);
      found.push(scores.indexOf(Math.max(...scores)));
    }
    return found;
  }
  const share = (hits: boolean[]) => hits.filter(Boolean).length / hits.length;

  test('scores by truth, in one worker or in all', async () => {
    const evaluator = await Evaluator.create(pool, samples, top1, floatModel);
    const correct = share((await answers(floatModel)).map((a, i) => a === i % 5));
    expect(evaluator.float).toBeCloseTo(correct, 12);
    const { int8 } = await quantizeTiny(two, sampleOf(0).feeds, x86);
    const bytes = encodeModel(int8);
    const expected = share((await answers(bytes)).map((a, i) => a === i % 5));
    let steps = 0;
    expect(await evaluator.score(bytes, () => steps++)).toBeCloseTo(expected, 12);
    expect(steps).toBe(8);
    expect((await evaluator.judgeIn(testWorker(), bytes)).score).toBeCloseTo(expected, 12);
  });

  test('scores by agreement with float, sample by sample', async () => {
    const evaluator = await Evaluator.create(pool, samples, agreement, floatModel);
    expect(evaluator.float).toBe(1);
    const other = tinyModel({
      inputs: { x: ['n', 3, 6, 6] },
      outputs: ['y'],
      constants: { v: noisy([4, 3, 3, 3], 1), b: noisy([4], 9), w: noisy([64, 5], 77) },
      nodes: two.graph.node,
    });
    const [mine, theirs] = [await answers(floatModel), await answers(encodeModel(other))];
    const expected = share(mine.map((a, i) => a === theirs[i]));
    expect(expected).toBeLessThan(1);
    expect(await evaluator.score(encodeModel(other))).toBeCloseTo(expected, 12);
  });

  test('stops when cancelled, and frees what it loaded', async () => {
    const abort = new AbortController();
    const evaluator = await Evaluator.create(pool, samples, top1, floatModel);
    const scoring = evaluator.score(floatModel, () => abort.abort(), abort.signal);
    await expect(scoring).rejects.toMatchObject({ code: 'cancelled' });
    const alone = evaluator.judgeIn(testWorker(), floatModel, abort.signal);
    await expect(alone).rejects.toMatchObject({ code: 'cancelled' });
    expect(await evaluator.score(floatModel)).toBe(evaluator.float);
  });

  test('names the model that does not have the outputs', async () => {
    const evaluator = await Evaluator.create(pool, samples, top1, floatModel);
    const nodes = [node('Flatten', ['x'], 'z')];
    const other = tinyModel({ inputs: { x: ['n', 3, 6, 6] }, outputs: ['z'], nodes });
    await expect(evaluator.score(encodeModel(other))).rejects.toMatchObject({ code: 'runtime' });
  });
});

test('latencies are medians of runs in turn, one for each session', async () => {
  const sessions = await Promise.all([1, 2].map(() => testWorker().load(encodeModel(two), { threads: 1 })));
  const times = await measureLatencies(sessions, ['y'], samples);
  expect(times).toHaveLength(2);
  for (const { median, low, high } of times) {
    expect(low).toBeGreaterThan(0);
    expect(median).toBeGreaterThanOrEqual(low);
    expect(high).toBeGreaterThanOrEqual(median);
  }
  const abort = AbortSignal.abort();
  await expect(measureLatencies(sessions, ['y'], samples, abort)).rejects.toMatchObject({
    code: 'cancelled',
  });
  for (const session of sessions) await session.release();
});

test('a speedup compares the runs that were side by side, whatever the machine did meanwhile', () => {
  const spread = { median: 0, low: 0, high: 0 };
  const slowing = { ...spread, rounds: [2, 4, 8, 16] };
  const twiceAsFast = { ...spread, rounds: [1, 2, 4, 8] };
  expect(speedup(slowing, twiceAsFast)).toEqual({ median: 2, low: 2, high: 2 });
});

test('many noisy rounds tell a small gain that a few do not', () => {
  const spread = { median: 0, low: 0, high: 0 };
  // A gain of 5% under noise of ±30%.
  const rounds = (count: number, share: number) => ({
    ...spread,
    rounds: Array.from({ length: count }, (_, i) => share * (1 + 0.3 * Math.sin(i * 2.4))),
  });
  const steady = (count: number) => ({ ...spread, rounds: Array.from({ length: count }, () => 1) });
  expect(isFaster(rounds(21, 1.05), steady(21), 0.02)).toBe(false);
  expect(isFaster(rounds(1001, 1.05), steady(1001), 0.02)).toBe(true);
  expect(isFaster(rounds(1001, 1.05), steady(1001), 0.1)).toBe(false);
  expect(isFaster(rounds(1001, 0.95), steady(1001), 0.02)).toBe(false);
});
