import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { afterAll, expect, test } from 'vitest';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { judgeVariants, type JudgedVariant } from '../../../engine/evaluate/evaluateVariants';
import { shareOf } from '../../../engine/common/shards';
import type { SubjectOptions } from '../../../engine/search/diagnosis/layerVariants';
import { KnownRatings } from '../../../engine/sharding/mergedRatings';
import { encodeCandidate } from '../../../engine/search/candidate/candidate';
import { aloneOptions } from '../../../engine/search/diagnosis/earlyStopping';
import { aloneVariants } from '../../../engine/search/diagnosis/layerSensitivity';
import { inOrder } from '../../../engine/sharding/measureShard';
import { networkKey } from '../../../engine/search/candidate/candidateKey';
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
  /** Held against one run with these options: parts that are measured in full, or with them. */
  const judge = async (options: SubjectOptions, partly: SubjectOptions = {}) => {
    const parts = [];
    for (let index = 1; index <= SHARDS; index++) {
      const share = shareOf(names, samples, { index, count: SHARDS });
      const { verdicts, isWhole } = await judgeVariants(pool, chooser, base, variants, { share, ...partly });
      const layers = [...share].flatMap(([name, { from }]) => {
        const found = verdicts.get(name);
        return found === undefined ? [] : [{ name, from, ...inOrder(found, samples) }];
      });
      const network = networkKey(candidate);
      const measurements = [{ kind: 'alone' as const, network, samples, isWhole, layers }];
      parts.push({ file: `part-${index}.json`, shard: { index, count: SHARDS }, measurements });
    }
    const one = await judgeVariants(pool, chooser, base, variants, options);
    const subject = { kind: 'alone' as const, candidate, base, variants };
    const many = new KnownRatings(parts).judge(chooser, subject, options);
    expect(new Map(many)).toEqual(one.verdicts);
    return new Set([...many.values()].map((v) => v.indices.length));
  };
  expect(await judge({})).toEqual(new Set([samples]));
  const whole = await judgeVariants(pool, chooser, base, variants);
  const decibels = [...whole.verdicts.values()].map((v) => v.sqnrDb).sort((a, b) => a - b);
  const [, second = 0, , , fifth = 0] = decibels;
  const early = { first: 20, isSettled: ({ sqnrDb }: JudgedVariant) => sqnrDb <= second };
  expect(await judge(early)).toEqual(new Set([16, samples]));
  expect(await judge(early, early)).toEqual(new Set([16, samples]));
  // The noisiest three run on all samples, and the others until they are held against them, or somewhat further.
  const held: SubjectOptions['isSettled'] = ({ indices, sqnrDb }, witnesses) =>
    witnesses.length === 3 && (sqnrDb > fifth || indices.length > 30);
  expect(await judge({ first: 20, isSettled: held }, { first: 20, isSettled: held })).toEqual(
    new Set([20, 32, samples]),
  );
  // As an analysis does it.
  const joint = await chooser.judge(encodeCandidate(candidate));
  const options = aloneOptions(chooser, 0.2, variants.length, joint);
  expect((await judge(options, options)).size).toBeGreaterThan(0);
});
