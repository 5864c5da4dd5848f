import { isDeepStrictEqual } from 'node:util';
import { calibrate } from '../calibrate/calibration';
import type { CalibrationRecord } from '../calibrate/calibrationFile';
import { throwIfCancelled } from '../common/cancellation';
import { fileState } from '../common/fileStates';
import type { Run } from '../common/run';
import type { SearchRun } from '../search/diagnosis/layerVariants';
import type { Shard } from '../common/shards';
import { summarizeData } from '../data/checks/summarizeData';
import { dataStamp } from '../data/samples/dataStamp';
import { sourceDigest } from '../data/samples/sampleDigest';
import {
  layersToMeasure,
  measureFloat,
  openSamples,
  settle,
  type Measured,
  type MeasureSettings,
  type OpenModel,
  type Resolved,
} from '../evaluate/baseline';
import { checkModel } from '../onnx/file/checkModel';
import { encodeModel, readModelFile } from '../onnx/file/readModel';
import { modelBytes, writeModelFile } from '../onnx/file/writeModel';
import { bindDimensions, type Dimensions } from '../onnx/graph/bindDimensions';
import { normalize } from '../onnx/normalize/normalize';
import { modelGraph } from '../onnx/summary/modelGraph';
import { summarize, withDataFiles, withShapes } from '../onnx/summary/summarize';
import { withChoices } from '../quantize/layerGrids';
import { tensorsOf } from '../quantize/plan';
import { lintTarget } from '../quantize/targets/lintTarget';
import { profiles } from '../quantize/targets/profiles';
import { recipeOf } from '../recipe/parseRecipe';
import { checkPreset, checkSettings } from '../recipe/parseSettings';
import { fixedChoices, RuledParts } from '../recipe/recipeScope';
import { storePlan } from '../report/cache/planCache';
import { loadReport, storeReport } from '../report/cache/reportCache';
import { buildTradeOff } from '../report/planReport';
import { buildReport, verificationEntry } from '../report/report';
import { resultWarnings } from '../report/resultWarnings';
import { prove, type Proof } from '../report/verify';
import { foldConstants } from '../runtime/foldConstants';
import { resolveProfile } from '../runtime/hostProfile';
import { inferShapes } from '../runtime/inferShapes';
import type { WorkerPool } from '../runtime/workerPool';
import { assumedModel } from '../search/candidate/assumedModel';
import {
  buildModel,
  decisionsOf,
  floatLayers,
  floatOnPurpose,
  type Candidate,
} from '../search/candidate/candidate';
import { runTradeOff } from '../search/mixedPrecision/planMixedPrecision';
import { rebuild, runWorkflow, type Outcome } from '../search/tuning/tuneModel';
import { machineOf } from '../sharding/hostInfo';
import { measureShare } from '../sharding/measureShard';
import { checkParts, type JoinedParts } from '../sharding/mergeShards';
import type { AnalysisPart } from '../sharding/shardFile';
import { EngineError } from '../shared/engineError';
import { baseName, describeForm, formatPlural } from '../shared/format';
import type { ProfileChoice } from '../shared/protocol/choices';
import type { DataSummary } from '../shared/protocol/data';
import type { ModelGraph, ModelSummary } from '../shared/protocol/model';
import type { TradeOff } from '../shared/protocol/plan';
import type { EvaluateResult, LintFinding, QuantizeResult, Report } from '../shared/protocol/report';
import type { AnalyzeSettings, QuantizeSettings, TradeOffSettings } from '../shared/protocol/settings';
import { evaluateModel } from './evaluateModel';
import { LayerDetail } from './layerDetail';
import { ModelFiles } from './modelFiles';
import { describeIn } from './modelMetadata';

/** What a model is written by, and how it came about. */
type Choice = Pick<Outcome, 'chosen' | 'blamed' | 'notebook'>;

/** One model on disk, and what has been measured of it. */
export class Project {
  /** Answers about single layers. */
  readonly detail: LayerDetail;
  /** What rules of a recipe may speak of. */
  readonly ruled: RuledParts;
  private last: { key: string; measured: Measured } | undefined;

  private constructor(
    private readonly pool: WorkerPool,
    readonly model: OpenModel,
    readonly summary: ModelSummary,
    readonly files: ModelFiles,
    private readonly dimensions: Dimensions,
  ) {
    this.detail = new LayerDetail(pool, model.normalized, {
      checkLayerNames: (names) => this.checkLayerNames(names),
      measure: (settings, run) => this.measure(settings, run),
    });
    this.ruled = new RuledParts(pool, model.normalized);
  }

  /**
   * @param dimensions sizes for dimensions that the file leaves open
   * @throws EngineError `not-found`, `bad-model`, `unsupported`; `bad-option` for a dimension that it does not have
   */
  static async open(path: string, pool: WorkerPool, dimensions: Dimensions = {}): Promise<Project> {
    const state = await fileState(path);
    const read = await readModelFile(path);
    const { model: original } = read;
    bindDimensions(original, dimensions);
    // What is bound is another model, with analyses of its own.
    const bytes = Object.keys(dimensions).length === 0 ? read.bytes : encodeModel(original);
    checkModel(original);
    const normalized = normalize(original);
    await foldConstants(pool.first, normalized);
    const summary = withChoices(
      withDataFiles(summarize(path, bytes, original, normalized), read),
      normalized.graph,
    );
    return new Project(
      pool,
      { bytes, hash: summary.hash, original, normalized },
      summary,
      new ModelFiles(path, state, read.dataFiles, summary.bytes),
      dimensions,
    );
  }

  /** The summary with the shapes that only onnxruntime can tell. */
  async summaryWithShapes(): Promise<ModelSummary> {
    const tensors = this.summary.layers.map((l) => l.output);
    const shapes = await inferShapes(this.pool.first, this.model.normalized, tensors);
    return withShapes(this.summary, shapes);
  }

  /** Lets go of what was measured, which the next analysis measures again. */
  forgetMeasured(): void {
    this.last = undefined;
  }

  /** The network to draw. */
  graph(): ModelGraph {
    return modelGraph(this.model.normalized.graph, this.summary);
  }

  /** The finished analysis of these very bytes, if there is one. */
  cachedReport(): Promise<Report | null> {
    return loadReport(this.summary);
  }

  /**
   * What a target would refuse, run in float or run slowly of the model as it would be written; needs no data. A model that
   * is quantized already is looked at as it is.
   */
  async lint(choice: ProfileChoice): Promise<LintFinding[]> {
    const profile = await resolveProfile(choice, this.pool.first);
    const { quantized, layers } = this.summary;
    const isDone = quantized !== null && layers.length === 0;
    const model = isDone ? this.model.original : assumedModel(this.model.normalized, profile);
    return lintTarget(model, profiles[profile]);
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
  async analyze(asked: AnalyzeSettings, run: SearchRun): Promise<Report> {
    const settings = await this.resolve(asked);
    refuseQuantized(this.summary);
    const changes = await this.files.begin(settings);
    // Of before it is read: what changes meanwhile may have been missed.
    const stamp = await dataStamp(settings.data);
    const measured = await this.measure(settings, run);
    const outcome = await runWorkflow(
      this.pool,
      measured,
      settings,
      { fixed: fixedChoices(settings, measured), refine: true, rank: true, timed: true },
      run,
    );
    const { whole, chosen } = outcome;
    const all = await this.prove(measured, whole, settings, run);
    const advised = chosen === whole ? all : await this.prove(measured, chosen, settings, run);
    const report = buildReport({
      summary: this.summary,
      settings: settle(settings, whole.method, measured),
      dataStamp: stamp,
      ...{ measured, outcome, all, advised },
    });
    report.warnings.push(...(await changes()));
    await storeReport(report);
    return report;
  }

  /**
   * Measures one machine's part of an analysis that several share; {@link mergeAnalysis} makes the report of all.
   * @throws EngineError as {@link analyze} does
   */
  async analyzeShare(asked: AnalyzeSettings, shard: Shard, run: Run): Promise<AnalysisPart> {
    const settings = await this.resolve(asked);
    refuseQuantized(this.summary);
    await this.files.checkTemp();
    const measured = await measureFloat(this.pool, this.model, settings, run, false);
    const data = await sourceDigest(measured.chooser.samples, run.signal);
    const fixed = fixedChoices(settings, measured);
    const measurements = await measureShare(this.pool, measured, settings, fixed, shard, run);
    const { path, hash: model } = this.summary;
    const { dimensions } = this;
    const machine = await machineOf(this.pool.first);
    return { ...machine, ...{ shard, path, dimensions, model, settings, data, measurements } };
  }

  /**
   * The report that one run of {@link analyze} makes, with what the parts measured of single layers in place of measuring it.
   * @param places where the data and the calibration lie here, if elsewhere than where the parts were measured
   * @throws EngineError `bad-data` when the parts are of something else than what is here
   */
  async mergeAnalysis(
    parts: JoinedParts,
    places: Pick<AnalyzeSettings, 'calibrated'> & Partial<Pick<AnalyzeSettings, 'data'>>,
    run: Run,
  ): Promise<Report> {
    checkParts(parts, { model: this.summary.hash, ...(await machineOf(this.pool.first)) });
    const settings = { ...parts.settings, ...places };
    await this.files.checkTemp();
    // What was measured is kept for the analysis.
    const { chooser } = await this.measure(settings, run);
    checkParts(parts, { data: await sourceDigest(chooser.samples, run.signal) });
    return this.analyze(settings, { ...run, known: parts.known });
  }

  /**
   * Writes an int8 model after it was loaded, run and scored.
   * @throws EngineError `bad-option` for unknown layers, `write-failed`; the output is then as it was before
   */
  async quantize(asked: QuantizeSettings, run: Run): Promise<QuantizeResult> {
    const settings = await this.resolve(asked);
    this.checkLayerNames(settings.keepFloat ?? []);
    await this.files.checkOutput(settings.output, settings);
    refuseQuantized(this.summary);
    const changes = await this.files.begin(settings);
    // Of before it is read: what changes meanwhile may have been missed.
    const stamp = await dataStamp(settings.data);
    const measured = await this.measure(settings, run);
    const { keepFloat, output } = settings;
    const timed = settings.reproducible !== true;
    const known = keepFloat === null && timed ? await this.knownChoice(measured, settings, run) : undefined;
    const options = {
      fixed: fixedChoices(settings, measured, keepFloat ?? []),
      refine: keepFloat === null,
      rank: false,
      timed,
    };
    const { chosen, blamed, notebook } =
      known ?? (await runWorkflow(this.pool, measured, settings, options, run));
    const { model, float, result, nodes } = await this.prove(measured, chosen, settings, run);
    throwIfCancelled(run.signal);
    const settled = settle(settings, chosen.method, measured);
    const decisions = decisionsOf(chosen);
    const entries = [...notebook, verificationEntry(result, settled)];
    const described = describeIn(model, settled, decisions, result, entries);
    await writeModelFile(output, described, run.signal);
    // Of the file, with what its metadata say.
    const int8 = { ...result, bytes: modelBytes(described, encodeModel(described)) };
    return {
      ...{ output, blamed, float, modelHash: this.summary.hash },
      settings: settled,
      dataStamp: stamp,
      keepFloat: floatLayers(chosen),
      decisions,
      recipe: recipeOf(decisions, settled, measured),
      notebook: entries,
      int8,
      ...{ verdict: result.verdict, meetsTarget: result.verdict.kind === 'met' },
      lint: lintTarget(model, profiles[settings.profile], floatOnPurpose(chosen)),
      warnings: [
        ...resultWarnings({
          ...{ summary: this.summary, settings: settled, measured, decisions, result, nodes, model },
          notebook,
          idle: chosen.idle,
        }),
        ...(await changes()),
      ],
    };
  }

  /**
   * Chooses a grid for each layer within budgets, or for a target at the least of a resource, and proves the chosen network.
   * @throws EngineError `bad-option` for budgets that cannot be kept
   */
  async plan(asked: TradeOffSettings, run: Run): Promise<TradeOff> {
    const settings = await this.resolve(asked);
    refuseQuantized(this.summary);
    const { budgets, along, profile } = settings;
    const isTimed = [along, ...budgets.map((b) => b.resource)].includes('latency');
    if (isTimed && profile !== (await resolveProfile('auto', this.pool.first)))
      throw new EngineError(
        'bad-option',
        `Latency cannot be budgeted for ${profile}: this processor is another.`,
        'Budget bytes or bops, or leave --profile out.',
      );
    const changes = await this.files.begin(settings);
    const measured = await this.measure(settings, run);
    const fixed = fixedChoices(settings, measured);
    const outcome = await runTradeOff(this.pool, measured, settings, fixed, run);
    const { candidate } = outcome;
    const plan = buildTradeOff({
      ...{ summary: this.summary, settings, measured, outcome },
      proof: await this.prove(measured, candidate, settings, run),
    });
    plan.warnings.push(...(await changes()));
    await storePlan(plan);
    return plan;
  }

  /** Scores this model; with `against`, by comparison with that float model where there is no truth. */
  async evaluate(
    settings: Pick<AnalyzeSettings, 'data' | 'preset' | 'samples' | 'skipFailed'>,
    against: Project | null,
    run: Run,
  ): Promise<EvaluateResult> {
    const changes = await this.files.watch(settings, against?.files);
    const { warnings, ...result } = await evaluateModel(this.pool, this, against, settings, run);
    return { ...result, warnings: [...warnings, ...(await changes())] };
  }

  /**
   * Counts the values of the tensors that quantization needs, for {@link AnalyzeSettings.calibrated}.
   * @param shard of the calibration samples; `null` for all
   */
  async calibrate(
    { data, preset, samples, skipFailed }: Omit<MeasureSettings, 'calibrated' | 'profile'>,
    shard: Shard | null,
    run: Run,
  ): Promise<CalibrationRecord> {
    const { onProgress, signal } = run;
    refuseQuantized(this.summary);
    layersToMeasure(this.model);
    const { model: normalized, layers, operators } = await this.ruled.of('auto');
    const dataset = await openSamples({ data, preset, samples }, this.model, this.pool.memory, run);
    return calibrate(this.pool, {
      ...{
        hash: this.model.hash,
        normalized,
        tensors: tensorsOf(layers, operators),
        samples: dataset.calibration,
      },
      ...{ shard: shard ?? undefined, skipFailed, onProgress, signal },
    });
  }

  private async resolve<S extends AnalyzeSettings>(settings: S): Promise<Resolved<S>> {
    checkSettings(settings);
    return { ...settings, profile: await resolveProfile(settings.profile, this.pool.first) };
  }

  private async measure(settings: Resolved<AnalyzeSettings>, run: Run): Promise<Measured> {
    refuseQuantized(this.summary);
    const { data, preset, samples, profile, skipFailed, calibrated } = settings;
    const key = JSON.stringify([
      data,
      preset,
      samples,
      profile,
      skipFailed ?? false,
      calibrated,
      await dataStamp(data),
    ]);
    if (this.last?.key !== key) {
      this.last = { key, measured: await measureFloat(this.pool, this.model, settings, run) };
    }
    return this.last.measured;
  }

  /** What the cached analysis decided, where it was made with these very settings. */
  private async knownChoice(
    measured: Measured,
    settings: Resolved<AnalyzeSettings>,
    run: Run,
  ): Promise<Choice | undefined> {
    const known = await this.cachedReport();
    if (known === null) return undefined;
    if (!isDeepStrictEqual(known.settings, settle(settings, known.decisions.method, measured)))
      return undefined;
    // Remedies that found nothing to do are asked again why.
    const remedies = settings.recipe?.remedies ?? known.decisions.remedies;
    const [{ blamed }, decisions] = [known, { ...known.decisions, remedies }];
    // What is written is verified anew.
    const notebook = known.notebook.filter(({ step }) => step !== 'verification');
    return {
      chosen: await rebuild(this.pool, measured, settings, decisions, fixedChoices(settings, measured), run),
      blamed,
      notebook,
    };
  }

  private prove(
    measured: Measured,
    candidate: Candidate,
    { targetDrop }: Pick<AnalyzeSettings, 'targetDrop'>,
    run: Run,
  ): Promise<Proof> {
    const floats = floatLayers(candidate);
    return prove(this.pool, buildModel(candidate), measured, this.summary, floats, targetDrop, run);
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
export function refuseQuantized({ path, quantized, layers }: ModelSummary): void {
  if (quantized === null || quantized.layers.length === 0 || layers.length > 0) return;
  throw new EngineError(
    'unsupported',
    `${baseName(path)} is quantized already: ${formatPlural(quantized.layers.length, 'layer')} ${describeForm(quantized.form)}, none in float.`,
    'Quantize its float original; score this one with "quantscope evaluate".',
  );
}
