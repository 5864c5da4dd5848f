import type { Measured } from '../../evaluate/baseline';
import { StageProgress } from '../../common/progress';
import { firstOf } from '../../data/samples/limitSamples';
import type { MeasuredLayer } from '../../shared/protocol/report';
import type { QuantPlan } from '../../quantize/plan';
import type { WorkerPool } from '../../runtime/workerPool';
import type { JudgedVariant } from '../../evaluate/evaluateVariants';
import { localErrors } from '../../evaluate/noise/localError';
import { predictedSqnr } from '../../evaluate/noise/estimatedSqnr';
import type { Ranked } from './rankLayers';
import { pairedDifference } from '../../stats/pairedDifference';
import {
  buildModel,
  fittedModel,
  layersAlone,
  planOf,
  withChoices,
  type Candidate,
} from '../candidate/candidate';
import { aloneOptions, floatScores, jointOf } from './earlyStopping';
import type { Judged } from '../candidate/candidateTrials';
import { judgeLayers } from './evaluateLayers';
import type { Subject, SearchRun } from './layerVariants';

/** Samples for the local error: it is an average over thousands of values each, so a few samples settle it. */
export const LOCAL_SAMPLES = 16;

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

/**
 * Each layer alone in int8, the rest in float: its noise and the model's score.
 * @param judged what they are the layers of, with what it scored
 */
export async function measureLayers(
  pool: WorkerPool,
  { dataset, chooser, isForeign }: Measured,
  judged: Pick<Judged, 'candidate' | 'verdict'>,
  targetDrop: number,
  { onProgress, onMeasured, known, signal }: SearchRun,
): Promise<LayerScore[]> {
  const { candidate } = judged;
  const samples = firstOf(dataset.calibration, LOCAL_SAMPLES);
  const { layers, plain } = candidate.base;
  const bare = layersAlone(candidate);
  const alone = aloneVariants(candidate);
  const local = new StageProgress('local', 'Measuring noise per layer', samples.length, onProgress);
  const step = () => local.step();
  const errors = await localErrors(
    pool,
    plain,
    layers,
    planOf(bare),
    samples,
    { onSample: step, signal, unfused: isForeign },
    fittedModel(bare),
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
