// Ours in test/bench/sensitivityBench.mjs, in a process of its own: MODEL DATA COUNT. Every layer alone in int8, by whole models
// and by what follows behind each cut, on the same samples. Prints JSON.
import { performance } from 'node:perf_hooks';
import { resolve } from 'node:path';
import { foldConstants } from '../../engine/foldConstants';
import { encodeModel, readModelFile } from '../../engine/onnx/model';
import { normalize } from '../../engine/onnx/normalize';
import { measureFloat, type Resolved } from '../../engine/preparation';
import type { AnalyzeSettings } from '../../engine/protocol';
import { resolveProfile } from '../../engine/resolveProfile';
import type { RuntimeWorker } from '../../engine/runtime/runtimeWorker';
import { WorkerPool } from '../../engine/runtime/workerPool';
import type { Verdict } from '../../engine/sensitivity/evaluator';
import { judgeVariants } from '../../engine/sensitivity/judgeVariants';
import { makeBase } from '../../engine/workflow/base';
import type { Candidate } from '../../engine/workflow/candidate';
import { aloneVariants } from '../../engine/workflow/measureLayers';

const [path = '', data = '', count = ''] = process.argv.slice(2);
const pool = new WorkerPool(2);

async function main(): Promise<unknown> {
  const { bytes, model: original } = await readModelFile(resolve(path));
  const normalized = normalize(original);
  await foldConstants(pool.first, normalized);
  const profile = await resolveProfile('auto', pool.first);
  const settings: Resolved<AnalyzeSettings> = {
    ...{ data: resolve(data), preset: null, samples: Number(count), weights: 'per-channel' },
    ...{ calibration: 'max', profile, targetDrop: 0.01 },
  };
  const opened = { bytes, hash: `bench ${path}`, original, normalized };
  const measured = await measureFloat(pool, opened, settings, {});
  const { model, histograms, chooser } = measured;
  const base = await makeBase(pool, model, measured, histograms, profile, ['max']);
  const candidate: Candidate = {
    ...{ base, profile, weights: 'per-channel', remedies: [], method: 'max' },
    methods: new Map(Object.keys(histograms).map((tensor) => [tensor, 'max'])),
    ...{ operators: new Set(), choices: new Map(), fixed: new Set() },
  };
  const { base: float, variants } = aloneVariants(candidate);

  const whole = new Map<string, Verdict>();
  const begun = performance.now();
  await pool.forEach<RuntimeWorker>(variants.length, {
    prepare: (worker) => Promise.resolve(worker),
    work: async (worker, i) => {
      const variant = variants[i];
      if (variant !== undefined)
        whole.set(variant.name, await chooser.judgeIn(worker, encodeModel(variant.build())));
    },
    finish: () => Promise.resolve(),
  });
  const between = performance.now();
  const { verdicts, passMs, variantsMs } = await judgeVariants(pool, chooser, float, variants);
  const ended = performance.now();
  const differences = [...verdicts].map(([name, { score }]) =>
    Math.abs(score - (whole.get(name)?.score ?? 0)),
  );
  return {
    layers: variants.length,
    samples: chooser.samples.length,
    wholeSeconds: (between - begun) / 1000,
    seconds: (ended - between) / 1000,
    // Of N float passes that N whole evaluations take.
    share: variantsMs / chooser.samples.length / (passMs * variants.length),
    worstDifference: Math.max(...differences),
  };
}

void main()
  .then((result) => console.log(JSON.stringify(result)))
  .finally(() => pool.dispose());
