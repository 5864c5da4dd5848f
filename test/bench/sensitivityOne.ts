// Ours in test/bench/sensitivityBench.mjs, in a process of its own: MODEL DATA COUNT FULL. Every layer alone in int8, by whole models
// and by what follows behind each cut, on the same samples, where FULL is true; and until it is settled whether its drop
// matters. Prints JSON.
import { performance } from 'node:perf_hooks';
import { encodeModel } from '../../engine/onnx/file/readModel';
import type { RuntimeWorker } from '../../engine/runtime/runtimeWorker';
import { WorkerPool } from '../../engine/runtime/workerPool';
import type { Verdict } from '../../engine/evaluate/evaluator';
import { judgeVariants, type JudgedVariant } from '../../engine/evaluate/evaluateVariants';
import { pairedDifference } from '../../engine/stats/pairedDifference';
import { encodeCandidate } from '../../engine/search/candidate/candidate';
import { SUFFICES } from '../../engine/search/candidate/candidateTrials';
import { aloneOptions, floatScores } from '../../engine/search/diagnosis/earlyStopping';
import { aloneVariants } from '../../engine/search/diagnosis/layerSensitivity';
import { layersOf } from '../engine/layersOf';

const [path = '', data = '', count = '', isFull = ''] = process.argv.slice(2);
const TARGET_DROP = 0.01;
const pool = new WorkerPool(2);

async function main(): Promise<unknown> {
  const { measured, candidate } = await layersOf(pool, path, data, Number(count), 'per-channel');
  const { chooser } = measured;
  const { base: float, variants } = aloneVariants(candidate);

  // What all of them score together an analysis knows before it measures them one by one.
  const joint = await chooser.judge(encodeCandidate(candidate));
  const inFull = isFull === 'true' ? variants : [];
  const whole = new Map<string, Verdict>();
  const begun = performance.now();
  await pool.forEach<RuntimeWorker>(inFull.length, {
    prepare: (worker) => Promise.resolve(worker),
    work: async (worker, i) => {
      const variant = inFull[i];
      if (variant !== undefined)
        whole.set(variant.name, await chooser.judgeIn(worker, encodeModel(variant.build())));
    },
    finish: () => Promise.resolve(),
  });
  const between = performance.now();
  const { verdicts, variantsMs } = await judgeVariants(pool, chooser, float, inFull);
  const ended = performance.now();
  // As an analysis does it: a layer ends as soon as it is settled whether its drop matters.
  const settled = await judgeVariants(
    pool,
    chooser,
    float,
    variants,
    aloneOptions(chooser, TARGET_DROP, variants.length, joint),
  );
  const last = performance.now();
  // The float model by itself: with tensors kept for the cuts onnxruntime fuses less, and takes longer. On all threads too, which
  // slow each other down.
  let passMs = 0;
  await pool.forEach(chooser.samples.length, {
    prepare: (worker) => worker.load(measured.reference.bytes, { threads: 1 }),
    work: async (session, i) => {
      const { feeds, sequence } = await chooser.samples.load(i);
      const { milliseconds } = await session.run(feeds, chooser.outputs, sequence);
      passMs += milliseconds;
    },
    finish: (session) => session.release(),
  });
  const threshold = SUFFICES * TARGET_DROP * Math.abs(chooser.float);
  const isAbove = ({ samples, indices }: JudgedVariant) =>
    -pairedDifference(floatScores(chooser, indices), samples).difference > threshold;
  const otherwise = [...verdicts].filter(([name, verdict]) => {
    const early = settled.verdicts.get(name);
    return early !== undefined && isAbove(early) !== isAbove(verdict);
  });
  const differences = [...whole].map(([name, { score }]) =>
    Math.abs(score - (verdicts.get(name)?.score ?? 0)),
  );
  return {
    layers: variants.length,
    samples: chooser.samples.length,
    wholeSeconds: (between - begun) / 1000,
    seconds: (ended - between) / 1000,
    settledSeconds: (last - ended) / 1000,
    // Of N float passes that N whole evaluations take.
    share: variantsMs / (passMs * inFull.length),
    settledShare: settled.variantsMs / (passMs * variants.length),
    // Of layers that were ended early: those on whose drop all samples say otherwise.
    settledOtherwise: otherwise.length,
    worstDifference: Math.max(...differences),
  };
}

void main()
  .then((result) => console.log(JSON.stringify(result)))
  .finally(() => pool.dispose());
