import { create } from '@bufbuild/protobuf';
import { GraphProtoSchema } from 'onnx-buf';
import { afterAll, describe, expect, test } from 'vitest';
import type { Sample } from '../../../engine/data/samples/dataset';
import type { Rating } from '../../../engine/data/metrics/rater';
import { findLayers } from '../../../engine/onnx/layers/layers';
import { type Model } from '../../../engine/onnx/graph/model';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { suffixOf } from '../../../engine/onnx/graph/graphSuffix';
import { rewriteQdq } from '../../../engine/quantize/write/rewrite';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { Evaluator } from '../../../engine/evaluate/evaluator';
import { judgeVariants, type Variant } from '../../../engine/evaluate/evaluateVariants';
import { shareOf } from '../../../engine/common/shards';
import { x86Here } from '../quantize/here';
import { quantizeTiny } from '../quantize/quantizeTiny';
import { float } from '../runTiny';
import { node, noise, noisy, tinyModel, valueInfo } from '../tinyModel';

const pool = new WorkerPool(2);
afterAll(() => pool.dispose());

const COUNT = 6;
const image = [1, 4, 6, 6];
const sampleOf = (i: number): Sample => ({
  name: `#${i}`,
  feeds: { x: float(image, noise(144, 20 + i)) },
  truth: i % 5,
});
const samples = { length: COUNT, load: (i: number) => Promise.resolve(sampleOf(i)) };

/** A residual block, whose cut is of two tensors behind its first layer, and a second output beside it. */
const residual = tinyModel({
  inputs: { x: image },
  outputs: ['y', 'z'],
  constants: {
    ...{ a: noisy([4, 4, 3, 3], 1), b: noisy([4, 4, 3, 3], 2), c: noisy([4, 4, 1, 1], 3) },
    ...{ w: noisy([144, 5], 4), v: noisy([144, 5], 5) },
  },
  nodes: [
    node('Conv', ['x', 'a'], 'stem', { pads: [1, 1, 1, 1] }),
    node('Relu', ['stem'], 'stem_r'),
    node('Conv', ['stem_r', 'b'], 'left', { pads: [1, 1, 1, 1] }),
    node('Conv', ['left', 'c'], 'right'),
    node('Add', ['right', 'stem_r'], 'sum'),
    node('Flatten', ['sum'], 'flat'),
    node('MatMul', ['flat', 'w'], 'y'),
    node('Flatten', ['stem_r'], 'side'),
    node('MatMul', ['side', 'v'], 'z'),
  ],
});

async function variantsOf(model: Model) {
  const { float: normalized, plan } = await quantizeTiny(model, sampleOf(0).feeds, {
    profile: x86Here,
    weights: 'per-channel',
  });
  // So coarse that answers change.
  const activations = new Map(
    [...plan.activations].map(([t, affine]) => [t, { ...affine, scale: affine.scale * 20 }] as const),
  );
  const coarse = { ...plan, activations };
  const base = rewriteQdq(normalized, { ...coarse, layers: new Set() });
  const variants = findLayers(normalized.graph).map(({ name }) => ({
    name,
    build: () => rewriteQdq(normalized, { ...coarse, layers: new Set([name]) }),
  }));
  return { normalized, base, variants };
}

describe('what differs from a base', () => {
  test('begins behind the cut, which is of several tensors beside a residual', async () => {
    const { base, variants } = await variantsOf(residual);
    const found = variants.map(({ name, build }) => {
      const { cut, alike, nodes } = suffixOf(build(), base);
      return [name, [...cut].sort(), alike, nodes.some((n) => n.opType === 'Relu')];
    });
    expect(found).toEqual([
      // Its grid makes up for the Relu.
      ['stem_node', ['x'], [], false],
      ['left_node', ['stem_r'], ['z'], false],
      ['right_node', ['left', 'stem_r'], ['z'], false],
      ['y_node', ['flat'], ['z'], false],
      ['z_node', ['side'], ['y'], false],
    ]);
  });

  test('is nothing of the model itself, and all of one with another weight at its beginning', async () => {
    const { normalized, base } = await variantsOf(residual);
    expect(suffixOf(base, base)).toEqual({ nodes: [], cut: [], alike: ['y', 'z'] });
    const other = tinyModel({
      inputs: { x: image },
      outputs: ['y', 'z'],
      constants: {
        ...{ a: noisy([4, 4, 3, 3], 9), b: noisy([4, 4, 3, 3], 2), c: noisy([4, 4, 1, 1], 3) },
        ...{ w: noisy([144, 5], 4), v: noisy([144, 5], 5) },
      },
      nodes: residual.graph.node,
    });
    expect(suffixOf(other, normalized)).toMatchObject({ cut: ['x'], alike: [] });
    expect(suffixOf(other, normalized).nodes).toHaveLength(residual.graph.node.length);
  });
});

const branch = (weight: string, output: string) => ({
  graph: create(GraphProtoSchema, {
    name: 'b',
    node: [node('MatMul', ['flat', weight], output)],
    output: [valueInfo(output, null)],
  }),
});
const branching = tinyModel({
  inputs: { x: image },
  outputs: ['y'],
  constants: {
    ...{ a: noisy([4, 4, 3, 3], 1), w: noisy([144, 5], 4), v: noisy([144, 5], 5), zero: [[], [0]] },
  },
  nodes: [
    node('Conv', ['x', 'a'], 'stem', { pads: [1, 1, 1, 1] }),
    node('Flatten', ['stem'], 'flat'),
    node('ReduceSum', ['x'], 's', { keepdims: 0 }),
    node('Greater', ['s', 'zero'], 'take'),
    node('If', ['take'], 'y', { then_branch: branch('w', 't'), else_branch: branch('v', 'e') }),
  ],
});

/** Scores outputs of the residual block on so many pictures. */
function evaluatorOf(
  normalized: Model,
  count: number,
  metric: 'agreement' | 'sqnr' = 'agreement',
  load = sampleOf,
) {
  const many = { length: count, load: (i: number) => Promise.resolve(load(i)) };
  const rules = { metric, alphabet: [], outputs: ['y'], all: ['y', 'z'] };
  return Evaluator.create(pool, many, rules, encodeModel(normalized));
}

/** By variant and index, what machines that share the variants find together. */
async function sharedRatings(evaluator: Evaluator, base: Model, variants: Variant[], count: number) {
  const names = variants.map((v) => v.name);
  const found = new Map(names.map((name) => [name, new Map<number, Rating>()]));
  for (let index = 1; index <= count; index++) {
    const share = shareOf(names, evaluator.samples.length, { index, count });
    const { verdicts } = await judgeVariants(pool, evaluator, base, variants, { share });
    expect([...verdicts.keys()].sort()).toEqual([...share.keys()].sort());
    for (const [name, { indices, ratings }] of verdicts) {
      for (const [i, sample] of indices.entries()) {
        const rating = ratings[i];
        expect(found.get(name)?.has(sample)).toBe(false);
        if (rating !== undefined) found.get(name)?.set(sample, rating);
      }
    }
  }
  return [...found].map(([name, own]) => [name, [...own].sort(([a], [b]) => a - b).map(([, r]) => r)]);
}

describe.each([
  ['a residual block with a second output', residual],
  ['branches of an If', branching],
])('variants of %s', (_, model) => {
  const rules = { metric: 'agreement' as const, alphabet: [], outputs: ['y'] };
  const scores = async (memory?: number) => {
    const { normalized, base, variants } = await variantsOf(model);
    const evaluator = await Evaluator.create(
      pool,
      samples,
      { ...rules, all: normalized.graph.output.map((o) => o.name) },
      encodeModel(normalized),
    );
    const heard: string[] = [];
    const judged = await judgeVariants(pool, evaluator, base, variants, {
      memory,
      onVerdict: (name) => heard.push(name),
    });
    return { evaluator, variants, heard, ...judged };
  };

  test('score as their whole models do, sample by sample', async () => {
    const { evaluator, variants, verdicts, heard } = await scores();
    expect(heard.sort()).toEqual(variants.map((v) => v.name).sort());
    let changed = 0;
    for (const { name, build } of variants) {
      const whole = await evaluator.judge(encodeModel(build()));
      const { score, samples: each, sqnrDb, cosine } = verdicts.get(name) ?? whole;
      expect(verdicts.has(name)).toBe(true);
      expect([score, each]).toEqual([whole.score, whole.samples]);
      expect(sqnrDb).toBeCloseTo(whole.sqnrDb, 3);
      expect(cosine).toBeCloseTo(whole.cosine, 6);
      changed += whole.sqnrDb < 40 ? 1 : 0;
    }
    expect(changed).toBeGreaterThan(0);
  });

  test.each([2, 7])('are worth the same to the last bit on %i machines', async (count) => {
    const { evaluator, variants, verdicts } = await scores();
    const { base } = await variantsOf(model);
    const shared = await sharedRatings(evaluator, base, variants, count);
    expect(shared).toEqual(variants.map(({ name }) => [name, verdicts.get(name)?.ratings]));
  });

  test('score the same with memory for one sample only', async () => {
    const [all, one] = [await scores(), await scores(1)];
    expect([...one.verdicts.keys()].sort()).toEqual([...all.verdicts.keys()].sort());
    for (const [name, verdict] of one.verdicts) {
      expect(verdict.samples).toEqual(all.verdicts.get(name)?.samples);
      expect(verdict.sqnrDb).toBeCloseTo(all.verdicts.get(name)?.sqnrDb ?? 0, 3);
    }
  });
});

test('a cut that is of no tensor is not made', async () => {
  const model = tinyModel({
    inputs: { x: image },
    outputs: ['y'],
    constants: { a: noisy([4, 4, 1, 1], 1), w: noisy([144, 4], 4) },
    nodes: [
      node('Conv', ['x', 'a'], 'stem'),
      node('SplitToSequence', ['stem'], 'parts', { axis: 1 }),
      node('Flatten', ['stem'], 'flat'),
      node('MatMul', ['flat', 'w'], 'm'),
      node('ArgMax', ['m'], 'best', { axis: 1, keepdims: 0 }),
      node('Squeeze', ['best'], 'index'),
      node('SequenceAt', ['parts', 'index'], 'y'),
    ],
  });
  const { base, variants } = await variantsOf(model);
  expect(suffixOf(variants[1]?.build() ?? base, base).cut).toContain('parts');
  const rules = { metric: 'sqnr' as const, alphabet: [], outputs: ['y'] };
  const evaluator = await Evaluator.create(pool, samples, { ...rules, all: ['y'] }, encodeModel(base));
  const { verdicts } = await judgeVariants(pool, evaluator, base, variants);
  for (const { name, build } of variants)
    expect(verdicts.get(name)).toMatchObject(await evaluator.judge(encodeModel(build())));
  // Nor by a machine whose own share could be cut, since one run over all would not.
  for (const index of [1, 2]) {
    const names = variants.map((v) => v.name);
    const share = shareOf(names, COUNT, { index, count: 2 });
    expect((await judgeVariants(pool, evaluator, base, variants, { share })).isWhole).toBe(true);
  }
});

test('samples whose state is fed back are run whole', async () => {
  const recurrent = tinyModel({
    inputs: { x: [1, 8], h: [1, 8] },
    outputs: ['y', 'next'],
    constants: { w: noisy([8, 8], 1, 0.4), v: noisy([8, 5], 2) },
    nodes: [
      node('MatMul', ['x', 'w'], 'a'),
      node('Add', ['a', 'h'], 's'),
      node('Tanh', ['s'], 'next'),
      node('MatMul', ['next', 'v'], 'y'),
    ],
  });
  const stepOf = (i: number, k: number) => ({ x: float([1, 8], noise(8, 50 + 7 * i + k)) });
  const sequences = {
    length: 3,
    load: (i: number): Promise<Sample> =>
      Promise.resolve({
        name: `#${i}`,
        feeds: { ...stepOf(i, 0), h: float([1, 8], new Float32Array(8)) },
        truth: null,
        sequence: { steps: [1, 2, 3].map((k) => stepOf(i, k)), carry: { h: 'next' } },
      }),
  };
  const rules = { metric: 'sqnr' as const, alphabet: [], outputs: ['y'] };
  const feeds = { ...stepOf(0, 0), h: float([1, 8], new Float32Array(8)) };
  const settings = { profile: x86Here, weights: 'per-channel' } as const;
  const { float: normalized, plan } = await quantizeTiny(recurrent, feeds, settings);
  const build = (name: string) => rewriteQdq(normalized, { ...plan, layers: new Set([name]) });
  const variants = ['a_node', 'y_node'].map((name) => ({ name, build: () => build(name) }));
  const evaluator = await Evaluator.create(
    pool,
    sequences,
    { ...rules, all: ['y', 'next'] },
    encodeModel(normalized),
  );
  const { verdicts } = await judgeVariants(pool, evaluator, normalized, variants);
  for (const { name } of variants)
    expect(verdicts.get(name)).toMatchObject(await evaluator.judge(encodeModel(build(name))));
  const shared = await sharedRatings(evaluator, normalized, variants, 4);
  expect(shared).toEqual(variants.map(({ name }) => [name, verdicts.get(name)?.ratings]));
});

test('runs no more samples once the first few, which stand for all, settle it', async () => {
  const { normalized, base, variants } = await variantsOf(residual);
  const evaluator = await evaluatorOf(normalized, 40);
  const looks: number[] = [];
  const { verdicts } = await judgeVariants(pool, evaluator, base, variants, {
    // Memory for five at a time.
    memory: 2 * 5 * 4 * (144 * 4 + 10),
    isSettled: ({ indices, samples: seen }) => {
      expect(seen).toHaveLength(indices.length);
      return looks.push(indices.length) > 0 && indices.length >= 32;
    },
  });
  expect([...new Set(looks)]).toEqual([16, 23, 32]);
  for (const { indices, samples: seen } of verdicts.values()) {
    expect([indices.length, seen.length]).toEqual([32, 32]);
    // From everywhere, not the beginning.
    const gaps = indices.map((index, i) => index - (indices[i - 1] ?? -1));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(3);
  }
});

test('the base is run on no more samples once all variants are settled', async () => {
  const { normalized, base, variants } = await variantsOf(residual);
  let loaded = 0;
  const evaluator = await evaluatorOf(normalized, 40, 'agreement', (i) => {
    loaded++;
    return sampleOf(i);
  });
  loaded = 0;
  const { passMs } = await judgeVariants(pool, evaluator, base, variants, {
    // Memory for five at a time.
    memory: 2 * 5 * 4 * (144 * 4 + 10),
    isSettled: () => true,
  });
  // Sixteen have to be seen, and one tells whether there are steps.
  expect(loaded).toBeGreaterThan(16);
  expect(loaded).toBeLessThanOrEqual(21);
  expect(passMs).toBeGreaterThan(0);
});

test('tries all on the first samples before any on the others, and then the noisiest first', async () => {
  const { normalized, base, variants } = await variantsOf(residual);
  const evaluator = await evaluatorOf(normalized, 40, 'sqnr');
  const heard: { name: string; isFirst: boolean; indices: number[]; sqnrDb: number }[] = [];
  const { verdicts } = await judgeVariants(pool, evaluator, base, variants, {
    first: 4,
    onFirst: (name, { indices, sqnrDb }) => heard.push({ name, isFirst: true, indices, sqnrDb }),
    onVerdict: (name, { indices, sqnrDb }) => heard.push({ name, isFirst: false, indices, sqnrDb }),
  });
  const [early, late] = [heard.slice(0, variants.length), heard.slice(variants.length)];
  expect(early.every(({ isFirst, indices }) => isFirst && indices.length === 4)).toBe(true);
  expect(late.every(({ isFirst, indices }) => !isFirst && indices.length === 40)).toBe(true);
  const noisiest = early.toSorted((a, b) => a.sqnrDb - b.sqnrDb).map(({ name }) => name);
  // Two workers may end in another order than they began.
  expect(noisiest.slice(0, 2)).toContain(late[0]?.name);
  const whole = await judgeVariants(pool, evaluator, base, variants);
  for (const [name, { samples: own }] of verdicts) expect(own).toEqual(whole.verdicts.get(name)?.samples);
});

test('tells a variant once that is settled on the first samples and goes on to no others', async () => {
  const { normalized, base, variants } = await variantsOf(residual);
  const evaluator = await evaluatorOf(normalized, 40);
  const told: string[] = [];
  const { verdicts } = await judgeVariants(pool, evaluator, base, variants, {
    first: 20,
    isSettled: () => true,
    goesOn: () => new Set(),
    onVerdict: (name) => told.push(name),
  });
  expect(told.sort()).toEqual(variants.map(({ name }) => name).sort());
  for (const { indices } of verdicts.values()) expect(indices).toHaveLength(16);
});

test('asks again of those that are not the noisiest once these are done, and tells what they scored', async () => {
  const { normalized, base, variants } = await variantsOf(residual);
  const evaluator = await evaluatorOf(normalized, 40);
  const told: string[] = [];
  const asked: [number, number][] = [];
  // For all samples, and for five at a time.
  for (const memory of [undefined, 2 * 5 * 4 * (144 * 4 + 10)]) {
    const firsts = new Map<string, number>();
    const { verdicts } = await judgeVariants(pool, evaluator, base, variants, {
      ...{ memory, first: 20 },
      isSettled: ({ indices }, witnesses) => {
        asked.push([indices.length, witnesses.length]);
        expect(witnesses.every((w) => w.samples.length === 40)).toBe(true);
        return witnesses.length > 0;
      },
      onFirst: (name, { sqnrDb }) => firsts.set(name, sqnrDb),
      onVerdict: (name) => told.push(name),
    });
    const done = (count: number) =>
      [...verdicts].flatMap(([name, { indices }]) => (indices.length === count ? [name] : [])).sort();
    if (memory === undefined)
      expect(done(40)).toEqual(
        [...firsts.keys()]
          .sort((a, b) => (firsts.get(a) ?? 0) - (firsts.get(b) ?? 0))
          .slice(0, 3)
          .sort(),
      );
    expect([done(40).length, done(20).length]).toEqual([3, 2]);
  }
  expect(told.length).toBe(2 * variants.length);
  expect([...new Set(asked.map(([, witnesses]) => witnesses))]).toEqual([0, 3]);
  expect([...new Set(asked.map(([count]) => count))].sort((a, b) => a - b)).toEqual([16, 20, 23, 32]);
  // A machine that has a part of them has no others to hold them against.
  const share = new Map(variants.map(({ name }) => [name, { from: 0, to: 40 }]));
  const isSettled = (_: unknown, witnesses: readonly unknown[]) => witnesses.length > 0;
  const own = await judgeVariants(pool, evaluator, base, variants, { first: 20, share, isSettled });
  for (const { indices } of own.verdicts.values()) expect(indices).toHaveLength(40);
});

test('ends when it is cancelled', async () => {
  const { normalized, base, variants } = await variantsOf(residual);
  const evaluator = await evaluatorOf(normalized, COUNT);
  const abort = new AbortController();
  const judging = judgeVariants(pool, evaluator, base, variants, {
    signal: abort.signal,
    onVerdict: () => abort.abort(),
  });
  await expect(judging).rejects.toMatchObject({ code: 'cancelled' });
});

test('ends while variants are made', async () => {
  const { normalized, base, variants } = await variantsOf(residual);
  const evaluator = await evaluatorOf(normalized, COUNT);
  const abort = new AbortController();
  let made = 0;
  const noting = variants.map(({ name, build }) => ({
    name,
    build: () => {
      made++;
      setImmediate(() => abort.abort());
      return build();
    },
  }));
  const judging = judgeVariants(pool, evaluator, base, noting, { signal: abort.signal });
  await expect(judging).rejects.toMatchObject({ code: 'cancelled' });
  expect(made).toBeLessThan(variants.length);
});
