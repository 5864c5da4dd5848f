import type { Measured, Run } from '../preparation';
import { StageProgress } from '../progress';
import type { WorkerPool } from '../runtime/workerPool';
import type { Model } from '../onnx/model';
import { judgeVariants, type JudgedVariant, type Variant } from '../sensitivity/judgeVariants';
import { localSqnr } from '../sensitivity/localError';
import type { Ranked } from '../sensitivity/selectFloatLayers';
import { isDropSettled } from '../stats/isDropSettled';
import { pairedDifference } from '../stats/pairedDifference';
import { buildModel, planOf, withChoices, withOperators, type Candidate } from './candidate';
import { SUFFICES } from './judge';

/** Samples for the local error: it is an average over thousands of values each, so a few samples settle it. */
export const LOCAL_SAMPLES = 16;

/** A layer as measured alone. */
export interface LayerScore extends Ranked {
  score: number;
  /** Of the drop, over the samples. */
  standardError: number;
  /** How many of the samples were run until it was settled whether the drop matters. */
  samples: number;
  /** Signal to noise at the layer's own output, fed with float inputs, in dB. */
  sqnrDb: number;
}

/** The float model of a candidate, and each of its layers alone in int8, with nothing between the layers in integers. */
export function aloneVariants(candidate: Candidate): { base: Model; variants: Variant[] } {
  const bare: Candidate = { ...withOperators(candidate, []), choices: new Map() };
  const names = candidate.base.layers.map((l) => l.name);
  const inFloat = (floats: string[]) => buildModel(withChoices(bare, floats, 'float'));
  const variants = names.map((name) => ({
    name,
    build: () => inFloat(names.filter((other) => other !== name)),
  }));
  return { base: inFloat(names), variants };
}

/** Each layer alone in int8, the rest in float: its noise and the model's score. */
export async function measureLayers(
  pool: WorkerPool,
  { dataset, chooser }: Measured,
  candidate: Candidate,
  targetDrop: number,
  { onProgress, onMeasured, signal }: Run,
): Promise<LayerScore[]> {
  const { calibration } = dataset;
  // Half of what is accepted of all layers together: a layer that loses less by itself is none to look for.
  const threshold = SUFFICES * targetDrop * Math.abs(chooser.float);
  const floatOf = (indices: readonly number[]) => indices.flatMap((i) => chooser.floatSamples[i] ?? []);
  const few = Math.min(LOCAL_SAMPLES, calibration.length);
  const samples = { length: few, load: (i: number) => calibration.load(i) };
  const { layers, model, plain } = candidate.base;
  const bare: Candidate = { ...withOperators(candidate, []), choices: new Map() };
  const { base, variants } = aloneVariants(candidate);
  const local = new StageProgress('local', 'Measuring noise per layer', few, onProgress);
  const step = () => local.step();
  const sqnr = await localSqnr(pool, plain, layers, planOf(bare), samples, { onSample: step, signal }, model);
  const exact = new StageProgress(
    'sensitivity',
    'Trying each layer alone in int8',
    layers.length,
    onProgress,
  );
  // Most suspicious first.
  variants.sort((a, b) => (sqnr.get(a.name) ?? 0) - (sqnr.get(b.name) ?? 0));
  onMeasured?.(variants.map(({ name }) => ({ name, sqnrDb: sqnr.get(name) ?? 0, exact: null })));
  const dropOf = ({ samples: scores, indices }: JudgedVariant) => pairedDifference(floatOf(indices), scores);
  const onVerdict = (name: string, verdict: JudgedVariant) => {
    exact.step();
    const { difference, standardError } = dropOf(verdict);
    // Not −0, which JSON does not know.
    const found = { drop: 0 - difference, standardError, outputDb: verdict.sqnrDb };
    onMeasured?.([{ name, sqnrDb: sqnr.get(name) ?? 0, exact: found }]);
  };
  const { verdicts } = await judgeVariants(pool, chooser, base, variants, {
    isSettled: ({ samples: scores, indices }) =>
      isDropSettled(floatOf(indices), scores, chooser.samples.length, threshold),
    ...{ onVerdict, signal },
  });
  return layers.flatMap(({ name }): LayerScore[] => {
    const verdict = verdicts.get(name);
    if (verdict === undefined) return [];
    const { indices, sqnrDb } = verdict;
    const { difference, standardError } = dropOf(verdict);
    // Of some samples only, it is held against float on the same.
    const [drop, score] = [0 - difference, chooser.float + difference];
    return [
      {
        name,
        score,
        drop,
        standardError,
        samples: indices.length,
        outputDb: sqnrDb,
        sqnrDb: sqnr.get(name) ?? 0,
      },
    ];
  });
}
