import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { afterAll, expect, test } from 'vitest';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { judgeVariants, type JudgedVariant } from '../../../engine/sensitivity/judgeVariants';
import { shareOf } from '../../../engine/sensitivity/shareOf';
import { spread } from '../../../engine/stats/spread';
import type { SubjectOptions } from '../../../engine/workflow/judgeLayers';
import { KnownRatings } from '../../../engine/workflow/knownRatings';
import { aloneVariants } from '../../../engine/workflow/measureLayers';
import { networkKey } from '../../../engine/workflow/networkKey';
import { layersOf } from '../layersOf';
import { noise } from '../tinyModel';

const COUNT = 48;
const SHARDS = 3;
const folder = mkdtempSync(join(tmpdir(), 'quantscope-known-'));
const pool = new WorkerPool(2);
afterAll(async () => {
  await pool.dispose();
  rmSync(folder, { recursive: true });
});

test('several machines run as many samples of each layer as one does, wherever it is settled', async () => {
  const data = join(folder, 'noise.npz');
  const pictures = noise(2 * COUNT * 784, 3);
  writeFileSync(data, zipSync({ 'input.npy': new Uint8Array(dump(pictures, [2 * COUNT, 1, 28, 28])) }));
  const { measured, candidate } = await layersOf(
    pool,
    'test/zoo/models/mnist-cnn.onnx',
    data,
    COUNT,
    'per-channel',
  );
  const { chooser } = measured;
  const samples = chooser.samples.length;
  const { base, variants } = aloneVariants(candidate);
  const names = variants.map((v) => v.name);
  const parts = [];
  for (let index = 1; index <= SHARDS; index++) {
    const share = shareOf(names, samples, { index, count: SHARDS });
    const { verdicts, isWhole } = await judgeVariants(pool, chooser, base, variants, { share });
    const layers = [...share].flatMap(([name, { from }]) => {
      const found = verdicts.get(name);
      return found === undefined ? [] : [{ name, from, ...figuresOf(found, samples) }];
    });
    const network = networkKey(candidate);
    const measurements = [{ kind: 'alone' as const, network, samples, isWhole, layers }];
    parts.push({ file: `part-${index}.json`, shard: { index, count: SHARDS }, measurements });
  }
  const known = new KnownRatings(parts);
  const judge = async (options: SubjectOptions) => {
    const one = await judgeVariants(pool, chooser, base, variants, options);
    const many = known.judge(chooser, { kind: 'alone', candidate, base, variants }, options);
    expect(new Map(many)).toEqual(one.verdicts);
    return new Set([...many.values()].map((v) => v.indices.length));
  };
  expect(await judge({})).toEqual(new Set([samples]));
  const whole = await judgeVariants(pool, chooser, base, variants);
  const decibels = [...whole.verdicts.values()].map((v) => v.sqnrDb).sort((a, b) => a - b);
  const [, second = 0, , , fifth = 0] = decibels;
  const isNoisy = ({ sqnrDb }: JudgedVariant) => sqnrDb <= second;
  expect(await judge({ first: 20, isSettled: isNoisy })).toEqual(new Set([16, samples]));
  // The noisiest three run on all samples, and the others until they are held against them, or somewhat further.
  const held: SubjectOptions['isSettled'] = ({ indices, sqnrDb }, witnesses) =>
    witnesses.length === 3 && (sqnrDb > fifth || indices.length > 30);
  expect(await judge({ first: 20, isSettled: held })).toEqual(new Set([20, 32, samples]));
});

/** What a part holds of a layer. */
function figuresOf({ indices, ratings }: JudgedVariant, samples: number) {
  const ordered = spread(samples).flatMap((index) => ratings[indices.indexOf(index)] ?? []);
  return {
    values: Float64Array.from(ordered, ({ score }) => score.value),
    weights: Float64Array.from(ordered, ({ score }) => score.weight),
    sqnrDb: Float64Array.from(ordered, ({ sqnrDb }) => sqnrDb ?? NaN),
    cosine: Float64Array.from(ordered, ({ cosine }) => cosine ?? NaN),
  };
}
