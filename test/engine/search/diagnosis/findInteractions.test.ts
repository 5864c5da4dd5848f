import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeInteractions } from '../../../../engine/shared/findings';
import { interactionsText } from '../../../../engine/cli/text/findingsText';
import { encodeModel } from '../../../../engine/onnx/file/readModel';
import { Project } from '../../../../engine/project/project';
import type { Report } from '../../../../engine/shared/protocol/report';
import { WorkerPool } from '../../../../engine/runtime/workerPool';
import { judgeVariants } from '../../../../engine/evaluate/evaluateVariants';
import { findInteractions } from '../../../../engine/search/diagnosis/findInteractions';
import { aloneVariants, type LayerScore } from '../../../../engine/search/diagnosis/layerSensitivity';
import { layersOf } from '../../layersOf';
import { node, noise, tinyModel } from '../../tinyModel';

const COUNT = 80;
const SIZE = 16;
let folder: string;
let pool: WorkerPool;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantscope-interactions-'));
  process.env['QUANTSCOPE_CACHE'] = join(folder, 'cache');
  pool = new WorkerPool(2);
});
afterAll(async () => {
  await pool.dispose();
  rmSync(folder, { recursive: true });
});

/**
 * Four products. `spread` widens the columns of each first one and takes it back in the rows of the second: on one grid for a
 * weight each of them loses half of what there is, and no more can be lost than all.
 */
function write(name: string, spread: number): { path: string; data: string } {
  const factor = (i: number) => spread ** (i / (SIZE - 1));
  const weight = (seed: number, scale: (row: number, column: number) => number): [number[], number[]] => [
    [SIZE, SIZE],
    Array.from(noise(SIZE * SIZE, seed), (v, i) => v * scale(Math.floor(i / SIZE), i % SIZE)),
  ];
  const model = tinyModel({
    inputs: { x: ['n', SIZE] },
    outputs: ['y'],
    constants: {
      a: weight(1, (_, column) => factor(column)),
      b: weight(2, (row) => 1 / factor(row)),
      c: weight(3, (_, column) => factor(column)),
      d: weight(4, (row) => 1 / factor(row)),
    },
    nodes: [
      node('MatMul', ['x', 'a'], 'p'),
      node('Relu', ['p'], 'pr'),
      node('MatMul', ['pr', 'b'], 'q'),
      node('MatMul', ['q', 'c'], 'r'),
      node('Relu', ['r'], 'rr'),
      node('MatMul', ['rr', 'd'], 'y'),
    ],
  });
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, encodeModel(model));
  const data = join(folder, `${name}.npz`);
  writeFileSync(data, zipSync({ 'x.npy': new Uint8Array(dump(noise(COUNT * SIZE, 9), [COUNT, SIZE])) }));
  return { path, data };
}

async function analyze(name: string, spread: number): Promise<Report> {
  const { path, data } = write(name, spread);
  const project = await Project.open(path, pool);
  const settings = { data, preset: null, samples: null, weights: 'per-tensor', calibration: 'max' } as const;
  return project.analyze({ ...settings, profile: 'auto', targetDrop: 0.01 }, {});
}

test('layers that lose the same do not add up, and the pairs that do not are named', async () => {
  const report = await analyze('spread', 3e4);
  const { interactions, layers } = report;
  const sum = layers.reduce((n, l) => n + l.drop, 0);
  if (layers.every((l) => l.samples === interactions?.samples))
    expect(interactions?.sumOfDrops).toBeCloseTo(sum, 9);
  expect(interactions?.sumOfDrops).toBeGreaterThan(1.2);
  expect(interactions?.jointDrop).toBeLessThanOrEqual(1);
  expect(sum).toBeGreaterThan(1.2);
  const pairs = interactions?.pairs ?? [];
  expect(pairs.length).toBe(6);
  for (const { layers: names, sum: both } of pairs) {
    const alone = layers.filter(
      (l) => names.includes(l.name) && l.samples === report.settings.choosingSamples,
    );
    if (alone.length === 2)
      expect(both).toBeCloseTo(
        alone.reduce((n, l) => n + l.drop, 0),
        9,
      );
  }
  const beyond = pairs.filter((p) => p.isBeyondNoise);
  expect(beyond.length).toBeGreaterThan(0);
  for (const { drop, sum: both, standardError } of beyond)
    expect(Math.abs(drop - both)).toBeGreaterThan(3 * standardError);
  const text = interactionsText(report);
  expect(text).toMatch(
    /^The layers do not add up: on \d+ samples each alone changes the score by −[\d.]+ points/,
  );
  expect(text.split('\n').length).toBe(2 + beyond.length);
});

test('nothing is said and no pair tried where they add up', async () => {
  const report = await analyze('even', 1);
  expect(report.interactions).toBeNull();
  expect(interactionsText(report)).toBe('');
});

test('where few samples are known of some layers, those that cost most are run together on all', async () => {
  const { path, data } = write('early', 3e4);
  const { measured, candidate } = await layersOf(pool, path, data, COUNT, 'per-tensor');
  const { chooser } = measured;
  const { base, variants } = aloneVariants(candidate);
  const { verdicts } = await judgeVariants(pool, chooser, base, variants);
  const scores = [...verdicts].map(([name, { score, samples, indices, sqnrDb }], layer): LayerScore => {
    const all = new Map(indices.map((index, i) => [index, samples[i]?.value ?? 0] as const));
    // Of the first two a single sample.
    const values = layer < 2 ? new Map([...all].slice(0, 1)) : all;
    const drop = chooser.float - score;
    const noise = { sqnrDb, outputDb: sqnrDb, cosine: 1, outputCosine: 1 };
    return { ...{ name, score, drop, standardError: 0.01, samples: values.size, values }, ...noise };
  });
  const sumOf = (names: readonly string[]) =>
    scores.reduce((n, { name, drop }) => n + (names.includes(name) ? drop : 0), 0);
  const interactions = await findInteractions(pool, measured, candidate, scores, {});
  expect(interactions).toMatchObject({ layers: null, samples: chooser.samples.length });
  expect(interactions?.sumOfDrops).toBeCloseTo(sumOf(scores.map((s) => s.name)), 9);
  expect(interactions?.jointDrop).toBeLessThan((interactions?.sumOfDrops ?? 0) - 0.1);
  expect(interactions?.pairs.length).toBe(6);
  for (const { layers, sum } of interactions?.pairs ?? []) expect(sum).toBeCloseTo(sumOf(layers), 9);
});

test('layers that do not add up are told with how many they are', () => {
  const interactions = { samples: 90, jointDrop: 0.3, sumOfDrops: 0.5, standardError: 0.02, pairs: [] };
  expect(describeInteractions('agreement', { ...interactions, layers: 6 })).toMatch(
    /^The layers do not add up: on 90 samples each of the 6 that cost most alone changes the score by .* in sum, these together by /,
  );
  expect(describeInteractions('agreement', { ...interactions, layers: null })).toMatch(
    /on 90 samples each alone changes the score by .* in sum, all together by /,
  );
});
