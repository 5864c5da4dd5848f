import type { Measured, Run } from '../preparation';
import { StageProgress } from '../progress';
import { firstOf } from '../feeds/limitSamples';
import type { Model } from '../onnx/model';
import type { MeasuredLayer } from '../protocol';
import type { QuantPlan } from '../quantize/plan';
import type { WorkerPool } from '../runtime/workerPool';
import { judgeVariants, type JudgedVariant, type Variant } from '../sensitivity/judgeVariants';
import { localSqnr } from '../sensitivity/localError';
import { predictedSqnr } from '../sensitivity/predictedSqnr';
import type { Ranked } from '../sensitivity/selectFloatLayers';
import { isDropSettled } from '../stats/isDropSettled';
import { pairedDifference } from '../stats/pairedDifference';
import { buildModel, layersAlone, planOf, withChoices, type Candidate } from './candidate';
import { SUFFICES } from './judge';

/** Samples for the local error: it is an average over thousands of values each, so a few samples settle it. */
export const LOCAL_SAMPLES = 16;

/** What follows behind a layer's cut is a third of a network, on average. */
const SUFFIX = 1 / 3;
/** Fewer say too little. */
const LEAST_FIRST = 8;

/**
 * On how many samples all variants are tried before any is tried on the others: as many as two float passes over all of them take.
 * `undefined` where that would be most of them.
 */
export function firstSamples(samples: number, variants: number): number | undefined {
  const count = Math.max(LEAST_FIRST, Math.floor((2 * samples) / (SUFFIX * variants)));
  return 2 * count > samples ? undefined : count;
}

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
  const bare = layersAlone(candidate);
  const names = candidate.base.layers.map((l) => l.name);
  const inFloat = (floats: string[]) => buildModel(withChoices(bare, floats, 'float'));
  const variants = names.map((name) => ({
    name,
    build: () => inFloat(names.filter((other) => other !== name)),
  }));
  return { base: inFloat(names), variants };
}

/** What histograms foretell of each layer's noise: at once, without running anything. */
export function foretellLayers(
  { base: { layers, histograms } }: Candidate,
  plan: QuantPlan,
): MeasuredLayer[] {
  return layers.map((layer) => ({
    ...{ name: layer.name, sqnrDb: predictedSqnr(layer, plan, histograms), isForetold: true },
    alone: null,
  }));
}

/** Each layer alone in int8, the rest in float: its noise and the model's score. */
export async function measureLayers(
  pool: WorkerPool,
  { dataset, chooser }: Measured,
  candidate: Candidate,
  targetDrop: number,
  { onProgress, onMeasured, signal }: Run,
): Promise<LayerScore[]> {
  // Half of what is accepted of all layers together: a layer that loses less by itself is none to look for.
  const threshold = SUFFICES * targetDrop * Math.abs(chooser.float);
  const floatOf = (indices: readonly number[]) => indices.flatMap((i) => chooser.floatSamples[i] ?? []);
  const samples = firstOf(dataset.calibration, LOCAL_SAMPLES);
  const { layers, model, plain } = candidate.base;
  const { base, variants } = aloneVariants(candidate);
  const local = new StageProgress('local', 'Measuring noise per layer', samples.length, onProgress);
  const step = () => local.step();
  const sqnr = await localSqnr(
    pool,
    plain,
    layers,
    planOf(layersAlone(candidate)),
    samples,
    { onSample: step, signal },
    model,
  );
  const trying = new StageProgress(
    'sensitivity',
    'Trying each layer alone in int8',
    layers.length,
    onProgress,
  );
  // Most suspicious first.
  const dbOf = (name: string) => sqnr.get(name) ?? 0;
  variants.sort((a, b) => dbOf(a.name) - dbOf(b.name));
  const measuredOf = (name: string) => ({ name, sqnrDb: dbOf(name), isForetold: false });
  onMeasured?.(variants.map(({ name }) => ({ ...measuredOf(name), alone: null })));
  const costOf = ({ samples: own, indices, sqnrDb: outputDb }: JudgedVariant) => {
    // Of some samples only, it is held against float on the same.
    const { difference, standardError } = pairedDifference(floatOf(indices), own);
    // Not −0, which JSON does not know.
    return { drop: 0 - difference, standardError, outputDb };
  };
  const scores = new Map<string, LayerScore>();
  const onVerdict = (name: string, verdict: JudgedVariant) => {
    const cost = costOf(verdict);
    const samples = verdict.indices.length;
    scores.set(name, { name, score: chooser.float - cost.drop, ...cost, samples, sqnrDb: dbOf(name) });
    trying.step();
    onMeasured?.([{ ...measuredOf(name), alone: { ...cost, isSettled: true } }]);
  };
  await judgeVariants(pool, chooser, base, variants, {
    isSettled: ({ samples: own, indices }) =>
      isDropSettled(floatOf(indices), own, chooser.samples.length, threshold),
    first: firstSamples(chooser.samples.length, variants.length),
    onFirst: (name, verdict) =>
      onMeasured?.([{ ...measuredOf(name), alone: { ...costOf(verdict), isSettled: false } }]),
    ...{ onVerdict, signal },
  });
  return layers.flatMap(({ name }) => scores.get(name) ?? []);
}
