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
import { findLayers, type Layer } from './onnx/layers';
import { encodeModel, type Model } from './onnx/model';
import { StageProgress, type OnProgress } from './progress';
import type { AnalyzeSettings, CalibrationMethod, Report, SettledSettings } from './protocol';
import { clipsBy, planQuantization, tensorsOf, type QuantPlan } from './quantize/plan';
import { rewriteQdq } from './quantize/rewrite';
import type { WorkerPool } from './runtime/workerPool';
import type { Calibration } from './sensitivity/calibrationPass';
import { Evaluator } from './sensitivity/evaluator';
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

/** Memory for decoded samples, so that images are decoded once and not once a layer. */
const CACHE_BYTES = 512 * 2 ** 20;

/** Opens the data, keeps it to the samples asked for, and remembers what was decoded. */
export async function openSamples(
  settings: Pick<AnalyzeSettings, 'data' | 'samples'>,
  { original }: Pick<OpenModel, 'original'>,
): Promise<Dataset> {
  const whole = await openDataset(settings.data, inputSpecs(original));
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
    'The model has no Conv, ConvTranspose, Gemm, MatMul or LSTM to quantize.',
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
  const whole = await openSamples(settings, { original });
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
export type MeasureSettings = Pick<AnalyzeSettings, 'data' | 'samples' | 'skipFailed' | 'calibrated'>;

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
  method: CalibrationMethod;
  plan: QuantPlan;
  calibrationTable: Report['calibrationTable'];
}

/** Plans all layers with the method asked for; with `auto`, the one that scores best on the calibration samples. */
export async function choosePlan(
  pool: WorkerPool,
  { normalized }: OpenModel,
  { dataset, layers, histograms, reference, outputs }: Measured,
  settings: AnalyzeSettings,
  { onProgress, signal }: Run,
): Promise<Planned> {
  const planBy = (method: CalibrationMethod, weights = settings.weights) =>
    planQuantization(layers, histograms, clipsBy(method, settings.profile, histograms), {
      profile: settings.profile,
      weights,
    });
  if (settings.calibration !== 'auto') {
    return { method: settings.calibration, plan: planBy(settings.calibration), calibrationTable: [] };
  }
  // The evaluation part must not choose, or its score would flatter the choice.
  const { calibration } = dataset;
  const progress = new StageProgress(
    'choose',
    'Trying each calibrator',
    calibration.length * (methods.length + 1),
    onProgress,
  );
  const metric = createMetric(dataset, outputs);
  const step = () => progress.step();
  const chooser = await Evaluator.create(
    pool,
    calibration,
    metric,
    { model: reference.bytes, outputs },
    { onSample: step, skipFailed: settings.skipFailed, signal },
  );
  const calibrationTable: Report['calibrationTable'] = [];
  for (const method of methods) {
    // Calibrators choose for activations; the noise of per-tensor weights would hide what they do.
    const model = encodeModel(rewriteQdq(normalized, planBy(method, 'per-channel')));
    calibrationTable.push({ method, score: await chooser.score(model, step, signal) });
  }
  const best = calibrationTable.reduce((a, b) => (b.score > a.score ? b : a));
  return { method: best.method, plan: planBy(best.method), calibrationTable };
}

export function settle(
  settings: AnalyzeSettings,
  method: CalibrationMethod,
  { samples: { counted }, evaluator, dataset }: Measured,
): SettledSettings {
  const { data, samples, weights, calibration, profile, targetDrop } = settings;
  return {
    ...{ data, samples, weights, calibration, profile, targetDrop, method },
    calibrationSamples: counted.length,
    evaluationSamples: evaluator.samples.length,
    sharedSamples: dataset.shared,
  };
}
