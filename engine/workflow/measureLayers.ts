import type { Measured, Run } from '../preparation';
import { StageProgress } from '../progress';
import { firstOf } from '../feeds/limitSamples';
import type { SampleScore } from '../feeds/metrics/metric';
import type { MeasuredLayer } from '../protocol';
import type { QuantPlan } from '../quantize/plan';
import type { WorkerPool } from '../runtime/workerPool';
import type { Evaluator, Verdict } from '../sensitivity/evaluator';
import type { JudgedVariant } from '../sensitivity/judgeVariants';
import { FIRST_LOOK } from '../sensitivity/isLook';
import { localErrors } from '../sensitivity/localError';
import { WITNESSES } from '../sensitivity/noisiest';
import { predictedSqnr } from '../sensitivity/predictedSqnr';
import type { Ranked } from '../sensitivity/selectFloatLayers';
import { isDropSettled } from '../stats/isDropSettled';
import { pairedDifference } from '../stats/pairedDifference';
import { MAX_SQNR_DB } from '../target';
import { buildModel, layersAlone, planOf, withChoices, type Candidate } from './candidate';
import { SUFFICES, type Judged } from './judge';
import { judgeLayers, type Subject, type SubjectOptions } from './judgeLayers';

/** Samples for the local error: it is an average over thousands of values each, so a few samples settle it. */
export const LOCAL_SAMPLES = 16;

/** What follows behind a layer's cut is a third of a network, on average. */
const SUFFIX = 1 / 3;
/** Fewer say too little. */
const LEAST_FIRST = 8;
/** With more the others would wait for what is known already. */
const MOST_FIRST = 2 * FIRST_LOOK;

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
  /** What each of them scored, by its index. */
  values: ReadonlyMap<number, number>;
  /** Signal to noise at the layer's own output, fed with float inputs, in dB. */
  sqnrDb: number;
  /** Cosine there, and at the model's outputs. */
  cosine: number;
  outputCosine: number;
}

/** The float model of a candidate, and each of its layers alone in int8, with nothing between the layers in integers. */
export function aloneVariants(candidate: Candidate): Subject {
  const bare = layersAlone(candidate);
  const names = candidate.base.layers.map((l) => l.name);
  const inFloat = (floats: string[]) => buildModel(withChoices(bare, floats, 'float'));
  const variants = names.map((name) => ({
    name,
    build: () => inFloat(names.filter((other) => other !== name)),
  }));
  return { kind: 'alone', candidate: bare, base: inFloat(names), variants };
}

/**
 * How many samples come first, and when enough of them are run. How much a sample that was not seen may lose is guessed from
 * networks with more noise at the outputs, which ran on many more: all layers in int8, and noisier layers alone.
 * @param joint what the candidate scores with all its layers in int8; `null` where some of them are not
 */
export function aloneOptions(
  chooser: Pick<Evaluator, 'float' | 'floatSamples' | 'samples'>,
  targetDrop: number,
  variants: number,
  joint: Verdict | null,
): Pick<SubjectOptions, 'first' | 'isSettled'> {
  // Half of what is accepted of all layers together: a layer that loses less by itself is none to look for.
  const threshold = SUFFICES * targetDrop * Math.abs(chooser.float);
  const all = chooser.samples.length;
  const worth = chooser.floatSamples.reduce(
    (n, { value, weight }) => Math.max(n, Math.abs(value) * weight),
    0,
  );
  const byAll = joint === null ? Infinity : mostChanged(chooser.floatSamples, joint.samples);
  const first = firstSamples(all, variants) ?? (all < 2 * FIRST_LOOK ? undefined : FIRST_LOOK);
  return {
    // Looked at a few times; by then the noisiest are known.
    first: first === undefined ? undefined : Math.min(first, MOST_FIRST),
    isSettled: (soFar, witnesses) => {
      const nearest = witnesses
        // What makes no noise tells nothing, nor what was settled by a few samples itself.
        .filter(({ sqnrDb, indices }) => sqnrDb < MAX_SQNR_DB && 2 * indices.length >= all)
        .filter(({ sqnrDb }) => sqnrDb <= soFar.sqnrDb)
        .sort((a, b) => b.sqnrDb - a.sqnrDb)
        .slice(0, WITNESSES);
      const byNoisier = nearest.map(({ indices, samples }) =>
        mostChanged(floatScores(chooser, indices), samples),
      );
      const mostLost = Math.min(
        worth,
        joint !== null && joint.sqnrDb <= soFar.sqnrDb ? byAll : Infinity,
        nearest.length < WITNESSES ? Infinity : Math.max(...byNoisier),
      );
      const float = floatScores(chooser, soFar.indices);
      return isDropSettled(float, soFar.samples, all, threshold, mostLost);
    },
  };
}

/** By how much one sample's share of the score changes at most. */
function mostChanged(float: readonly SampleScore[], scores: readonly SampleScore[]): number {
  return float.reduce(
    (most, { value, weight }, i) => Math.max(most, Math.abs((scores[i]?.value ?? value) - value) * weight),
    0,
  );
}

function floatScores({ floatSamples }: Pick<Evaluator, 'floatSamples'>, indices: readonly number[]) {
  return indices.flatMap((i) => floatSamples[i] ?? []);
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

/** What all layers of a network in int8 score; `null` where some were decided otherwise. */
export function jointOf({ candidate, verdict }: Pick<Judged, 'candidate' | 'verdict'>): Verdict | null {
  return candidate.choices.size === 0 ? verdict : null;
}

/**
 * Each layer alone in int8, the rest in float: its noise and the model's score.
 * @param judged what they are the layers of, with what it scored
 */
export async function measureLayers(
  pool: WorkerPool,
  { dataset, chooser, isForeign }: Measured,
  judged: Pick<Judged, 'candidate' | 'verdict'>,
  targetDrop: number,
  { onProgress, onMeasured, known, signal }: Run,
): Promise<LayerScore[]> {
  const { candidate } = judged;
  const samples = firstOf(dataset.calibration, LOCAL_SAMPLES);
  const { layers, model, plain } = candidate.base;
  const alone = aloneVariants(candidate);
  const local = new StageProgress('local', 'Measuring noise per layer', samples.length, onProgress);
  const step = () => local.step();
  const errors = await localErrors(
    pool,
    plain,
    layers,
    planOf(layersAlone(candidate)),
    samples,
    { onSample: step, signal, unfused: isForeign },
    model,
  );
  const trying = new StageProgress(
    'sensitivity',
    'Trying each layer alone in int8',
    layers.length,
    onProgress,
  );
  // Most suspicious first.
  const dbOf = (name: string) => errors.get(name)?.sqnrDb ?? 0;
  const variants = [...alone.variants].sort((a, b) => dbOf(a.name) - dbOf(b.name));
  const measuredOf = (name: string) => ({ name, sqnrDb: dbOf(name), isForetold: false });
  onMeasured?.(variants.map(({ name }) => ({ ...measuredOf(name), alone: null })));
  const costOf = ({ samples: own, indices, sqnrDb: outputDb }: JudgedVariant) => {
    // Of some samples only, it is held against float on the same.
    const { difference, standardError } = pairedDifference(floatScores(chooser, indices), own);
    // Not −0, which JSON does not know.
    return { drop: 0 - difference, standardError, outputDb };
  };
  const scores = new Map<string, LayerScore>();
  const onVerdict = (name: string, verdict: JudgedVariant) => {
    const cost = costOf(verdict);
    const { indices, samples: own, cosine: outputCosine } = verdict;
    const values = new Map(indices.map((index, i) => [index, own[i]?.value ?? 0] as const));
    const score = chooser.float - cost.drop;
    const local = { sqnrDb: dbOf(name), cosine: errors.get(name)?.cosine ?? 0 };
    scores.set(name, { name, score, ...cost, values, samples: indices.length, ...local, outputCosine });
    trying.step();
    onMeasured?.([{ ...measuredOf(name), alone: { ...cost, isSettled: true } }]);
  };
  await judgeLayers(pool, chooser, { ...alone, variants }, known, {
    ...aloneOptions(chooser, targetDrop, variants.length, jointOf(judged)),
    onFirst: (name, verdict) =>
      onMeasured?.([{ ...measuredOf(name), alone: { ...costOf(verdict), isSettled: false } }]),
    ...{ onVerdict, signal },
  });
  return layers.flatMap(({ name }) => scores.get(name) ?? []);
}
