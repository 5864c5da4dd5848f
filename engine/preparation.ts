import { calibrate, openCalibration } from './calibration';
import { cacheSamples } from './feeds/cacheSamples';
import type { Dataset } from './feeds/dataset';
import { createMetric } from './feeds/metrics/createMetric';
import { openDataset } from './feeds/openDataset';
import { limitSamples } from './feeds/limitSamples';
import { methods } from './calibrate/clipOf';
import { EngineError } from './engineError';
import { floatReference, type FloatReference } from './floatReference';
import { inputSpecs } from './onnx/inputSpecs';
import { findLayers, layerTypes, type Layer } from './onnx/layers';
import { encodeModel, type Model } from './onnx/model';
import { StageProgress, type OnProgress } from './progress';
import type {
  AnalyzeSettings,
  CalibrationMethod,
  ProfileName,
  Report,
  SettledSettings,
  UsedMethod,
} from './protocol';
import { planQuantization, tensorsOf, type QuantPlan } from './quantize/plan';
import { rewriteQdq } from './quantize/rewrite';
import type { WorkerPool } from './runtime/workerPool';
import { clipsBy } from './sensitivity/clipsBy';
import type { Calibration } from './sensitivity/calibrationPass';
import { Evaluator } from './sensitivity/evaluator';
import { localSqnr } from './sensitivity/localError';
import { methodPerTensor } from './sensitivity/methodPerTensor';
import { notFiniteCount, type HistogramState } from './stats/histogram';

export interface Run {
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

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
  layers: Layer[];
  /** Layers that no calibration sample reached, so that they have no ranges: the branch of an If never taken. */
  unreached: Layer[];
  histograms: Record<string, HistogramState>;
  /** Samples that were counted, and those that failed and were passed over. */
  samples: Pick<Calibration, 'counted' | 'skipped'>;
  evaluator: Evaluator;
  /** What the evaluator took for the float model. */
  reference: FloatReference;
  outputs: string[];
}

/** Settings whose target is known. */
export type Resolved<S extends AnalyzeSettings> = S & { profile: ProfileName };

/** Memory for decoded samples, so that images are decoded once and not once a layer. */
const CACHE_BYTES = 512 * 2 ** 20;

/** Opens the data, keeps it to the samples asked for, and remembers what was decoded. */
export async function openSamples(
  settings: Pick<AnalyzeSettings, 'data' | 'preset' | 'samples'>,
  { original }: Pick<OpenModel, 'original'>,
  { onProgress, signal }: Run,
): Promise<Dataset> {
  const { preset, samples: most } = settings;
  const onSample = (read: number) =>
    onProgress?.({
      stage: 'calibrate',
      title: `Reading sample ${read}`,
      done: 0,
      total: 1,
      secondsLeft: null,
    });
  const options = { preset, samples: most, signal, onSample };
  const whole = await openDataset(settings.data, inputSpecs(original), options);
  const dataset = settings.samples === null ? whole : limitSamples(whole, settings.samples);
  return {
    ...dataset,
    calibration: cacheSamples(dataset.calibration, CACHE_BYTES),
    evaluation: cacheSamples(dataset.evaluation, CACHE_BYTES),
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
 * Opens the data, calibrates and scores the float model.
 * @throws EngineError `bad-data`, `unsupported` when there is nothing to quantize, `runtime`, `cancelled`
 */
export async function measureFloat(
  pool: WorkerPool,
  model: OpenModel,
  settings: MeasureSettings,
  run: Run,
): Promise<Measured> {
  const { onProgress, signal } = run;
  const { original } = model;
  const found = layersToMeasure(model);
  const whole = await openSamples(settings, { original }, run);
  const outputs = original.graph.output.map((o) => o.name);

  const tensors = tensorsOf(found);
  const calibration = await calibrationFor(pool, model, tensors, whole, settings, run);
  // Samples of a file's calibration are not these.
  const dataset = settings.calibrated === undefined ? withoutSkipped(whole, calibration.skipped) : whole;
  const observed = calibration.histograms;
  const histograms = Object.fromEntries(Object.entries(observed).filter(([, state]) => hasValues(state)));
  const reached = (layer: Layer) =>
    [...tensorsOf([layer])].every((tensor) => histograms[tensor] !== undefined);
  const layers = found.filter(reached);
  if (layers.length === 0) {
    throw new EngineError(
      'bad-data',
      `No calibration sample reached any layer of the model; the first is ${found[0]?.name ?? ''}.`,
      'Add samples that take the branches with layers in them.',
    );
  }
  const unreached = found.filter((layer) => !reached(layer));
  const evaluating = new StageProgress('evaluate', 'Scoring float', dataset.evaluation.length, onProgress);
  const reference = await floatReference(pool, model);
  const evaluator = await Evaluator.create(
    pool,
    dataset.evaluation,
    createMetric(dataset, outputs),
    { model: reference.bytes, outputs },
    { onSample: () => evaluating.step(), skipFailed: settings.skipFailed, signal },
  );
  const { counted, skipped } = calibration;
  const samples = { counted, skipped };
  return { dataset, layers, unreached, histograms, samples, evaluator, reference, outputs };
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
export type MeasureSettings = Pick<
  AnalyzeSettings,
  'data' | 'preset' | 'samples' | 'skipFailed' | 'calibrated'
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

/** The chosen calibrator and the plan that follows from it. */
export interface Planned {
  method: UsedMethod;
  /** By tensor: the same for all, unless `method` is `mixed`. */
  methods: Map<string, CalibrationMethod>;
  /** Clip on |x| by method and tensor. */
  clips: Map<CalibrationMethod, Map<string, number>>;
  plan: QuantPlan;
  calibrationTable: Report['calibrationTable'];
}

/** Samples for the noise by method: an average over thousands of values each, so that a few samples settle it. */
const NOISE_SAMPLES = 8;

/**
 * Plans all layers with the method asked for. `mixed` takes the best for each tensor; `auto` tries every method and
 * the mixture, and takes the one that scores best on the calibration samples.
 */
export async function choosePlan(
  pool: WorkerPool,
  { normalized }: OpenModel,
  { dataset, layers, histograms, reference, outputs }: Measured,
  settings: Resolved<AnalyzeSettings>,
  { onProgress, signal }: Run,
): Promise<Planned> {
  const { calibration: choice, profile } = settings;
  const own = choice === 'auto' || choice === 'mixed' ? [] : [choice];
  const clips = await clipsBy(pool, [...new Set([...methods, ...own])], profile, histograms, signal);
  const allBy = (method: CalibrationMethod) =>
    new Map(Object.keys(histograms).map((tensor) => [tensor, method]));
  const planBy = (chosen: ReadonlyMap<string, CalibrationMethod>, weights = settings.weights) => {
    const used = [...chosen].map(
      ([tensor, method]) => [tensor, clips.get(method)?.get(tensor) ?? 0] as const,
    );
    return planQuantization(layers, histograms, new Map(used), { profile, weights });
  };
  const plannedBy = (
    method: UsedMethod,
    chosen: Map<string, CalibrationMethod>,
    calibrationTable: Planned['calibrationTable'] = [],
  ): Planned => ({ method, methods: chosen, clips, plan: planBy(chosen), calibrationTable });

  const [single] = own;
  if (single !== undefined) return plannedBy(single, allBy(single));
  const mixed = async () => {
    const { calibration } = dataset;
    const few = {
      length: Math.min(NOISE_SAMPLES, calibration.length),
      load: (i: number) => calibration.load(i),
    };
    const progress = new StageProgress(
      ...([
        'choose',
        'Trying each calibrator on each tensor',
        few.length * methods.length,
        onProgress,
      ] as const),
    );
    const sqnr = new Map<CalibrationMethod, Map<string, number>>();
    for (const method of methods) {
      const plan = planBy(allBy(method), 'per-channel');
      const step = () => progress.step();
      sqnr.set(method, await localSqnr(pool, normalized, layers, plan, few, step, signal));
    }
    // Tensors that no layer reads or writes as integers have a histogram, but no noise.
    return new Map([...allBy('max'), ...methodPerTensor(layers, sqnr)]);
  };
  if (choice === 'mixed') return plannedBy('mixed', await mixed());

  const perTensor = await mixed();
  const candidates: [UsedMethod, Map<string, CalibrationMethod>][] = [
    ...methods.map((method): [UsedMethod, Map<string, CalibrationMethod>] => [method, allBy(method)]),
    ['mixed', perTensor],
  ];
  // The evaluation part must not choose, or its score would flatter the choice.
  const { calibration } = dataset;
  const steps = calibration.length * (candidates.length + 1);
  const progress = new StageProgress('choose', 'Trying each calibrator', steps, onProgress);
  const step = () => progress.step();
  const chooser = await Evaluator.create(
    pool,
    calibration,
    createMetric(dataset, outputs),
    { model: reference.bytes, outputs },
    { onSample: step, skipFailed: settings.skipFailed, signal },
  );
  const calibrationTable: Report['calibrationTable'] = [];
  for (const [method, chosen] of candidates) {
    // Calibrators choose for activations; the noise of per-tensor weights would hide what they do.
    const model = encodeModel(rewriteQdq(normalized, planBy(chosen, 'per-channel')));
    calibrationTable.push({ method, score: await chooser.score(model, step, signal) });
  }
  const best = calibrationTable.reduce((a, b) => (b.score > a.score ? b : a));
  const chosen = candidates.find(([method]) => method === best.method)?.[1] ?? perTensor;
  return plannedBy(best.method, chosen, calibrationTable);
}

export function settle(
  settings: Resolved<AnalyzeSettings>,
  method: UsedMethod,
  { samples: { counted }, evaluator, dataset }: Measured,
): SettledSettings {
  const { data, preset, samples, weights, calibration, profile, targetDrop } = settings;
  return {
    ...{ data, preset, samples, weights, calibration, profile, targetDrop, method },
    calibrationSamples: counted.length,
    evaluationSamples: evaluator.samples.length,
    sharedSamples: dataset.shared,
  };
}
