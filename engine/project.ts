import { isDeepStrictEqual } from 'node:util';
import { summarizeData } from './dataSummary';
import { EngineError, throwIfCancelled } from './engineError';
import { calibrate, type Shard } from './calibration';
import type { CalibrationRecord } from './calibrationFile';
import { foldConstants } from './foldConstants';
import { dataStamp } from './feeds/dataStamp';
import { createMetric } from './feeds/metrics/createMetric';
import { floatReference } from './floatReference';
import { baseName, describeForm, formatPlural } from './format';
import { meetsTarget } from './target';
import { bindDimensions, type Dimensions } from './onnx/bindDimensions';
import { checkOutput } from './onnx/checkOutput';
import type { DataFile } from './onnx/externalData';
import { checkModel } from './onnx/checkModel';
import { checkWritable, encodeModel, readModelFile } from './onnx/model';
import { writeModelFile } from './onnx/writeModel';
import { normalize } from './onnx/normalize';
import { summarize, withDataFiles, withShapes } from './onnx/summarize';
import { choosePlan, layersToMeasure, measureFloat, openSamples, settle } from './preparation';
import type { Measured, MeasureSettings, OpenModel, Planned, Resolved, Run } from './preparation';
import { StageProgress } from './progress';
import type {
  AnalyzeSettings,
  DataSummary,
  EvaluateResult,
  MetricName,
  ModelSummary,
  QuantizeResult,
  QuantizeSettings,
  Report,
} from './protocol';
import { tensorsOf, type QuantPlan } from './quantize/plan';
import { rewriteQdq } from './quantize/rewrite';
import { prove, type Proof } from './proof';
import { buildReport, type LayerScore } from './report';
import { resolveProfile } from './resolveProfile';
import { loadReport, storeReport } from './reportCache';
import { checkPreset, checkSettings } from './settingsText';
import { inferShapes } from './runtime/inferShapes';
import type { WorkerPool } from './runtime/workerPool';
import { Evaluator } from './sensitivity/evaluator';
import { exactScores } from './sensitivity/exactScores';
import { medianLatencies } from './sensitivity/latency';
import { localSqnr } from './sensitivity/localError';
import { rankLayers, selectFloatLayers, type Selection } from './sensitivity/selectFloatLayers';

/** Samples for the local error: it is an average over thousands of values each, so a few samples settle it. */
const LOCAL_SAMPLES = 16;

/** One model on disk, and what has been measured of it. */
export class Project {
  private last: { key: string; measured: Measured } | undefined;

  private constructor(
    private readonly pool: WorkerPool,
    private readonly model: OpenModel,
    readonly summary: ModelSummary,
    /** Files that hold its weights. */
    readonly dataFiles: readonly DataFile[],
  ) {}

  /**
   * @param dimensions sizes for dimensions that the file leaves open
   * @throws EngineError `not-found`, `bad-model`, `unsupported`; `bad-option` for a dimension that it does not have
   */
  static async open(path: string, pool: WorkerPool, dimensions: Dimensions = {}): Promise<Project> {
    const read = await readModelFile(path);
    const { model: original } = read;
    bindDimensions(original, dimensions);
    // What is bound is another model, with analyses of its own.
    const bytes = Object.keys(dimensions).length === 0 ? read.bytes : encodeModel(original);
    checkModel(original);
    const normalized = normalize(original);
    await foldConstants(pool.first, normalized);
    const summary = withDataFiles(summarize(path, bytes, original, normalized), read);
    return new Project(pool, { bytes, hash: summary.hash, original, normalized }, summary, read.dataFiles);
  }

  /** The summary with the shapes that only onnxruntime can tell. */
  async summaryWithShapes(): Promise<ModelSummary> {
    const tensors = this.summary.layers.map((l) => l.output);
    const shapes = await inferShapes(this.pool.first, this.model.normalized, tensors);
    return withShapes(this.summary, shapes);
  }

  /** The finished analysis of these very bytes, if there is one. */
  cachedReport(): Promise<Report | null> {
    return loadReport(this.summary);
  }

  /** What a data source holds for this model. */
  async describeData(
    { data, preset }: Pick<AnalyzeSettings, 'data' | 'preset'>,
    { signal }: Pick<Run, 'signal'> = {},
  ): Promise<DataSummary> {
    checkPreset(preset);
    return summarizeData(data, this.model.original, preset, signal);
  }

  /** Measures what int8 costs, layer by layer, and which layers should stay in float. */
  async analyze(asked: AnalyzeSettings, run: Run): Promise<Report> {
    const settings = await this.resolve(asked);
    const measured = await this.measure(settings, run);
    const planned = await choosePlan(this.pool, this.model, measured, settings, run);
    const ranked = await this.measureLayers(measured, planned, run);
    const selection = await this.select(measured, planned, settings, run, () => Promise.resolve(ranked));
    const all = await this.prove(measured, planned, [], run);
    const advised =
      selection.keepFloat.length === 0 ? all : await this.prove(measured, planned, selection.keepFloat, run);
    const report = buildReport({
      summary: this.summary,
      settings: settle(settings, planned.method, measured),
      measured,
      planned,
      ranked,
      selection,
      all,
      advised,
    });
    await storeReport(report);
    return report;
  }

  /**
   * Writes an int8 model after it was loaded, run and scored.
   * @throws EngineError `bad-option` for unknown layers, `write-failed`; the output is then as it was before
   */
  async quantize(asked: QuantizeSettings, run: Run): Promise<QuantizeResult> {
    const settings = await this.resolve(asked);
    this.checkLayerNames(settings.keepFloat ?? []);
    await checkOutput(settings.output, [this.summary.path, ...this.dataFiles.map((f) => f.path)]);
    refuseQuantized(this.summary);
    // Now, not after minutes of measuring.
    await checkWritable(settings.output);
    const measured = await this.measure(settings, run);
    const planned = await choosePlan(this.pool, this.model, measured, settings, run);
    const keepFloat = settings.keepFloat ?? (await this.chooseKeepFloat(measured, planned, settings, run));
    const { model, float, result } = await this.prove(measured, planned, keepFloat, run);
    throwIfCancelled(run.signal);
    await writeModelFile(settings.output, model, run.signal);
    return {
      output: settings.output,
      settings: settle(settings, planned.method, measured),
      keepFloat,
      float,
      int8: result,
      meetsTarget: meetsTarget(measured.dataset.metric, float.score, result.score, settings.targetDrop),
      warnings: measured.dataset.warnings,
    };
  }

  /** Scores this model; with `against`, by comparison with that float model where there is no truth. */
  async evaluate(
    settings: Pick<AnalyzeSettings, 'data' | 'preset' | 'samples' | 'skipFailed'>,
    against: Project | null,
    run: Run,
  ): Promise<EvaluateResult> {
    const { onProgress, signal } = run;
    const { model: reference } = against ?? this;
    const outputs = reference.original.graph.output.map((o) => o.name);
    const dataset = await openSamples(settings, reference, run);
    if (against === null && comparesWithFloat(dataset.metric)) {
      throw new EngineError(
        'bad-option',
        `${settings.data} asks for ${dataset.metric}, which compares a model with its float original.`,
        'Name that with --against, or add the truth to the data.',
      );
    }
    const total = dataset.evaluation.length;
    const progress = new StageProgress(
      'evaluate',
      'Scoring',
      against === null ? total : 2 * total,
      onProgress,
    );
    const step = () => progress.step();
    const float = { model: (await floatReference(this.pool, reference)).bytes, outputs };
    const bytes = against === null ? float.model : (await floatReference(this.pool, this.model)).bytes;
    const metric = createMetric(dataset, outputs);
    const evaluator = await Evaluator.create(this.pool, dataset.evaluation, metric, float, {
      onSample: step,
      skipFailed: settings.skipFailed,
      signal,
    });
    const score = against === null ? evaluator.float : await evaluator.score(bytes, step, signal);
    const session = await this.pool.first.load(bytes, { threads: 1 });
    const [latencyMs = 0] = await medianLatencies([session], outputs, evaluator.samples, signal).finally(() =>
      session.release(),
    );
    return {
      model: this.summary.path,
      against: against?.summary.path ?? null,
      metric: dataset.metric,
      score,
      floatScore: against === null ? null : evaluator.float,
      latencyMs,
      bytes: this.summary.bytes,
      samples: evaluator.samples.length,
      warnings: dataset.warnings,
    };
  }

  /**
   * Counts the values of the tensors that quantization needs, for {@link AnalyzeSettings.calibrated}.
   * @param shard of the calibration samples; `null` for all
   */
  async calibrate(
    { data, preset, samples, skipFailed }: Omit<MeasureSettings, 'calibrated'>,
    shard: Shard | null,
    run: Run,
  ): Promise<CalibrationRecord> {
    const { onProgress, signal } = run;
    refuseQuantized(this.summary);
    const { hash, normalized } = this.model;
    const dataset = await openSamples({ data, preset, samples }, this.model, run);
    return calibrate(this.pool, {
      ...{ hash, normalized, tensors: tensorsOf(layersToMeasure(this.model)), samples: dataset.calibration },
      ...{ shard: shard ?? undefined, skipFailed, onProgress, signal },
    });
  }

  private async resolve<S extends AnalyzeSettings>(settings: S): Promise<Resolved<S>> {
    checkSettings(settings);
    return { ...settings, profile: await resolveProfile(settings.profile, this.pool.first) };
  }

  private async measure(settings: AnalyzeSettings, run: Run): Promise<Measured> {
    refuseQuantized(this.summary);
    const { data, preset, samples, skipFailed, calibrated } = settings;
    const key = JSON.stringify([data, preset, samples, skipFailed, calibrated, await dataStamp(data)]);
    if (this.last?.key !== key) {
      this.last = { key, measured: await measureFloat(this.pool, this.model, settings, run) };
    }
    return this.last.measured;
  }

  private async measureLayers(
    { dataset, layers, evaluator }: Measured,
    { plan }: Planned,
    { onProgress, signal }: Run,
  ): Promise<LayerScore[]> {
    const { normalized } = this.model;
    const few = Math.min(LOCAL_SAMPLES, dataset.calibration.length);
    const samples = { length: few, load: (i: number) => dataset.calibration.load(i) };
    const local = new StageProgress('local', 'Measuring noise per layer', few, onProgress);
    const sqnr = await localSqnr(this.pool, normalized, layers, plan, samples, () => local.step(), signal);
    const exact = new StageProgress(
      'sensitivity',
      'Trying each layer alone in int8',
      layers.length,
      onProgress,
    );
    const step = () => exact.step();
    const scores = await exactScores(this.pool, evaluator, normalized, layers, plan, step, signal);
    return layers.map(({ name }) => {
      const score = scores.get(name) ?? 0;
      return { name, score, drop: evaluator.float - score, sqnrDb: sqnr.get(name) ?? 0 };
    });
  }

  private async chooseKeepFloat(
    measured: Measured,
    planned: Planned,
    settings: Resolved<AnalyzeSettings>,
    run: Run,
  ): Promise<string[]> {
    const known = await this.cachedReport();
    if (known !== null && isDeepStrictEqual(known.settings, settle(settings, planned.method, measured))) {
      return known.keepFloat;
    }
    const rank = () => this.measureLayers(measured, planned, run);
    return (await this.select(measured, planned, settings, run, rank)).keepFloat;
  }

  private async select(
    { evaluator, dataset, layers }: Measured,
    { plan }: Planned,
    settings: AnalyzeSettings,
    { onProgress, signal }: Run,
    scores: () => Promise<LayerScore[]>,
  ): Promise<Selection> {
    // None, then doubling, then halving.
    const most = 2 * Math.ceil(Math.log2(layers.length + 1)) + 1;
    const progress = new StageProgress('select', 'Choosing layers to keep in float', most, onProgress);
    const selection = await selectFloatLayers(
      async () => rankLayers(await scores()).map((r) => r.name),
      async (keepFloat) => {
        const model = encodeModel(rewriteQdq(this.model.normalized, withoutLayers(plan, keepFloat)));
        const score = await evaluator.score(model, undefined, signal);
        progress.step();
        return score;
      },
      (score) => meetsTarget(dataset.metric, evaluator.float, score, settings.targetDrop),
    );
    progress.end();
    return selection;
  }

  private prove(
    measured: Measured,
    { plan }: Planned,
    keepFloat: readonly string[],
    run: Run,
  ): Promise<Proof> {
    const model = rewriteQdq(this.model.normalized, withoutLayers(plan, keepFloat));
    return prove(this.pool, model, measured, this.summary, keepFloat, run);
  }

  private checkLayerNames(names: readonly string[]): void {
    const known = new Set(this.summary.layers.map((l) => l.name));
    const unknown = names.find((name) => !known.has(name));
    if (unknown === undefined) return;
    throw new EngineError(
      'bad-option',
      `The model has no layer named ${unknown}.`,
      `Its layers are listed by "quantscope inspect"; the first is ${this.summary.layers[0]?.name ?? 'none'}.`,
    );
  }
}

/**
 * A model whose products are all quantized has none to measure: a second rounding would only add its error to the
 * first. One with float layers left is quantized there.
 * @throws EngineError `unsupported`
 */
function refuseQuantized({ path, quantized, layers }: ModelSummary): void {
  if (quantized === null || quantized.layers.length === 0 || layers.length > 0) return;
  throw new EngineError(
    'unsupported',
    `${baseName(path)} is quantized already: ${formatPlural(quantized.layers.length, 'layer')} ${describeForm(quantized.form)}, none in float.`,
    'Quantize its float original; score this one with "quantscope evaluate".',
  );
}

/** Metrics that know no truth. */
function comparesWithFloat(metric: MetricName): boolean {
  return metric === 'agreement' || metric === 'cosine' || metric === 'sqnr';
}

function withoutLayers(plan: QuantPlan, names: readonly string[]): QuantPlan {
  const kept = new Set(names);
  return { ...plan, layers: new Set([...plan.layers].filter((name) => !kept.has(name))) };
}
