import { calibrate, openCalibration } from '../calibrate/calibration';
import type { Calibration } from '../calibrate/calibrationPass';
import { StageProgress } from '../common/progress';
import type { Run } from '../common/run';
import { emptyData } from '../data/checks/dataWarnings';
import { inspectSamples } from '../data/checks/inspectSamples';
import { rulesOf } from '../data/metrics/rater';
import { openDataset } from '../data/openDataset';
import { cacheSamples } from '../data/samples/cacheSamples';
import type { Dataset, SampleSource } from '../data/samples/dataset';
import { limitSamples } from '../data/samples/limitSamples';
import { splitSamples } from '../data/samples/splitSamples';
import type { Model } from '../onnx/graph/model';
import { findLayers, layerTypes, type Layer } from '../onnx/layers/layers';
import type { Operator } from '../onnx/layers/operators';
import { inputSpecs } from '../onnx/summary/inputSpecs';
import { tensorsOf } from '../quantize/plan';
import { floatReference, type FloatReference } from '../runtime/floatReference';
import { resolveProfile } from '../runtime/hostProfile';
import type { WorkerPool } from '../runtime/workerPool';
import { adaptTo } from '../quantize/targets/adaptModel';
import { isReached, partsOf, seenParts } from '../quantize/quantizableParts';
import { comparesWithFloat } from '../shared/accuracyTarget';
import { EngineError } from '../shared/engineError';
import type { AnalyzeSettings, SettledSettings } from '../shared/protocol/settings';
import type { ProfileName, UsedMethod } from '../shared/protocol/choices';
import { notFiniteCount, type HistogramState } from '../stats/histogram';
import { Evaluator } from './evaluator';
import { multiplyAdds } from './multiplyAdds';

/** A model as read, with the form that is worked on. */
export interface OpenModel {
  bytes: Uint8Array;
  /** {@link ModelSummary.hash}. */
  hash: string;
  original: Model;
  normalized: Model;
}

/** What every command needs before it quantizes: measured once for a model and its data. */
export interface Measured {
  dataset: Dataset;
  /** The normalized model in the form that the target's integer kernels fit best. */
  model: Model;
  layers: Layer[];
  /** What stands between them and the target computes on integers. */
  operators: Operator[];
  /** Layers without ranges: no sample reached them, as in the branch of an If never taken, or with NaN and infinities alone. */
  unreached: Layer[];
  /** Those among the layers that no sample reached either, and that can do without ranges. */
  unseen: Layer[];
  histograms: Record<string, HistogramState>;
  /** Samples that were counted, and those that failed and were passed over. */
  samples: Pick<Calibration, 'counted' | 'skipped'>;
  /** Scores on the samples that prove: they choose nothing, unless there are too few to part them. */
  evaluator: Evaluator;
  /** Scores on the samples that choose. */
  chooser: Evaluator;
  /** What is wrong with the samples themselves, as `quantscope data` says it. */
  dataWarnings: string[];
  /** That of it which leaves nothing to measure on the samples that prove; `null` where there is something. */
  blindData: string | null;
  /** Multiplications with additions of each layer for one sample, by name. */
  costs: Map<string, number>;
  /** Whether the target is another than this processor: then models are computed as they are written. */
  isForeign: boolean;
  /** What the evaluator took for the float model. */
  reference: FloatReference;
  outputs: string[];
}

/** Settings whose target is known. */
export type Resolved<S extends Pick<AnalyzeSettings, 'profile'>> = S & { profile: ProfileName };

/** Of the memory, what decoded samples of each part may take, so that images are decoded once and not once a layer. */
const SAMPLES_SHARE = 1 / 4;

/**
 * Opens the data, keeps it to the samples asked for, and remembers what was decoded.
 * @param memory bytes that the engine may keep
 */
export async function openSamples(
  settings: Pick<AnalyzeSettings, 'data' | 'preset' | 'samples'>,
  { original }: Pick<OpenModel, 'original'>,
  memory: number,
  { onProgress, signal }: Run,
): Promise<Dataset> {
  const { preset, samples: most } = settings;
  const onSample = (read: number) =>
    onProgress?.({
      stage: 'calibrate',
      title: 'Reading samples',
      done: read,
      total: 0,
      secondsLeft: null,
    });
  const options = { preset, samples: most, signal, onSample };
  const whole = await openDataset(settings.data, inputSpecs(original), options);
  const dataset = settings.samples === null ? whole : limitSamples(whole, settings.samples);
  return {
    ...dataset,
    calibration: cacheSamples(dataset.calibration, memory * SAMPLES_SHARE),
    evaluation: cacheSamples(dataset.evaluation, memory * SAMPLES_SHARE),
  };
}

/** @throws EngineError `unsupported` when there is nothing to quantize */
export function layersToMeasure({ normalized }: Pick<OpenModel, 'normalized'>): Layer[] {
  const found = findLayers(normalized.graph);
  if (found.length > 0) return found;
  throw new EngineError(
    'unsupported',
    `The model has no ${layerTypes.slice(0, -1).join(', ')} or embedding to quantize.`,
    'There is nothing to gain from int8 here.',
  );
}

/**
 * Opens the data, calibrates and scores the float model, on the samples that choose and on those that prove.
 * @param proves whether anything will be proved; else the float model is not run for it
 * @throws EngineError `bad-data`, `unsupported` when there is nothing to quantize, `runtime`, `cancelled`
 */
export async function measureFloat(
  pool: WorkerPool,
  opened: OpenModel,
  settings: MeasureSettings,
  run: Run,
  proves = true,
): Promise<Measured> {
  const { onProgress, signal } = run;
  const { original, hash } = opened;
  const { profile, skipFailed } = settings;
  layersToMeasure(opened);
  const model = adaptTo(profile, opened.normalized);
  const parts = partsOf(model, profile);
  const whole = await openSamples(settings, opened, pool.memory, run);
  const outputs = original.graph.output.map((o) => o.name);

  const tensors = tensorsOf(parts.layers, parts.operators);
  const calibration = await calibrationFor(pool, { hash, normalized: model }, tensors, whole, settings, run);
  // Samples of a file's calibration are not these.
  const usable = settings.calibrated === undefined ? withoutSkipped(whole, calibration.skipped) : whole;
  const observed = calibration.histograms;
  const histograms = Object.fromEntries(Object.entries(observed).filter(([, state]) => hasValues(state)));
  const { layers, operators, unreached } = seenParts(parts, histograms);
  if (!layers.some((layer) => isReached(layer, histograms))) {
    throw new EngineError(
      'bad-data',
      `No calibration sample reached any layer of the model with finite values; the first is ${parts.layers[0]?.name ?? ''}.`,
      'Add samples that take the branches with layers in them.',
    );
  }
  const { choosing, ...dataset } = await withChoosing(usable);
  const reference = await floatReference(pool, opened);
  const isForeign = profile !== (await resolveProfile('auto', pool.first));
  const isProof = proves || dataset.shared;
  const total = (isProof ? dataset.evaluation.length : 0) + (dataset.shared ? 0 : choosing.length);
  const progress = new StageProgress('evaluate', 'Scoring float', total, onProgress);
  const scoring = (samples: SampleSource) =>
    Evaluator.create(pool, samples, rulesOf(dataset, outputs), reference.bytes, {
      unfused: isForeign,
      onSample: () => progress.step(),
      skipFailed,
      signal,
    });
  const proof = isProof ? await scoring(dataset.evaluation) : null;
  const chooser = dataset.shared && proof !== null ? proof : await scoring(choosing);
  const evaluator = proof ?? chooser;
  const { counted, skipped } = calibration;
  return {
    ...{ dataset, model, layers, operators, histograms, evaluator, chooser, isForeign, reference, outputs },
    unreached,
    unseen: layers.filter((layer) => !isReached(layer, histograms)),
    samples: { counted, skipped },
    ...(await inspectData(dataset, evaluator.samples, original)),
    costs: await multiplyAdds(pool.first, model, layers, dataset.evaluation, signal),
  };
}

/**
 * Whether the samples hold anything, by looking at some of each part.
 * @param proven those that prove, without what failed
 */
async function inspectData(
  dataset: Dataset,
  proven: SampleSource,
  original: Model,
): Promise<Pick<Measured, 'dataWarnings' | 'blindData'>> {
  const specs = inputSpecs(original);
  const emptyOf = async (calibration: SampleSource) =>
    emptyData((await inspectSamples({ calibration, color: dataset.color }, specs)).seen);
  const calibrating = await emptyOf(dataset.calibration);
  const proving = dataset.shared ? calibrating : await emptyOf(proven);
  // Parts of one source are wrong in the same way: once is enough.
  return { dataWarnings: calibrating.length > 0 ? calibrating : proving, blindData: proving[0] ?? null };
}

/**
 * The samples that choose between calibrators, operators and layers, so that those that evaluate prove what they did not
 * choose: those that calibrate. Where these have no truth for the metric, every other one that evaluates chooses instead.
 */
async function withChoosing(dataset: Dataset): Promise<Dataset & { choosing: SampleSource }> {
  const { calibration, evaluation, shared, metric } = dataset;
  if (shared || comparesWithFloat(metric) || calibration.length === 0)
    return { ...dataset, choosing: calibration };
  const { truth } = await calibration.load(0);
  if (truth !== null) return { ...dataset, choosing: calibration };
  const halves = splitSamples(evaluation);
  return { ...dataset, choosing: halves.calibration, evaluation: halves.evaluation, shared: halves.shared };
}

function withoutSkipped(dataset: Dataset, skipped: Calibration['skipped']): Dataset {
  if (skipped.length === 0) return dataset;
  const failed = new Set(skipped.map((s) => s.index));
  const { calibration } = dataset;
  const usable = Array.from({ length: calibration.length }, (_, i) => i).filter((i) => !failed.has(i));
  const load = (i: number) => calibration.load(usable[i] ?? i);
  return { ...dataset, calibration: { length: usable.length, load } };
}

/** What measuring depends on. */
export type MeasureSettings = Resolved<
  Pick<AnalyzeSettings, 'data' | 'preset' | 'samples' | 'profile' | 'skipFailed' | 'calibrated'>
>;

/** Counts the values of `tensors`, or reads the file that the settings name. */
export async function calibrationFor(
  pool: WorkerPool,
  { hash, normalized }: Pick<OpenModel, 'hash' | 'normalized'>,
  tensors: ReadonlySet<string>,
  { calibration: samples }: Pick<Dataset, 'calibration'>,
  { skipFailed, calibrated }: Pick<AnalyzeSettings, 'skipFailed' | 'calibrated'>,
  { onProgress, signal }: Run,
): Promise<Calibration> {
  if (calibrated !== undefined) return openCalibration(calibrated, hash);
  return calibrate(pool, { hash, normalized, tensors, samples, skipFailed, onProgress, signal });
}

function hasValues(state: HistogramState): boolean {
  return state.finite + notFiniteCount(state.notFinite) > 0;
}

export function settle(
  settings: Resolved<AnalyzeSettings>,
  method: UsedMethod,
  { samples: { counted }, evaluator, chooser, dataset }: Measured,
): SettledSettings {
  const { data, preset, samples, weights, calibration, profile, targetDrop, recipe } = settings;
  return {
    ...(recipe === undefined ? {} : { recipe }),
    ...{ data, preset, samples, weights, calibration, profile, targetDrop, method },
    calibrationSamples: counted.length,
    choosingSamples: chooser.samples.length,
    evaluationSamples: evaluator.samples.length,
    sharedSamples: dataset.shared,
  };
}
