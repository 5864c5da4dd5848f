import type { Measured, Resolved } from '../../evaluate/baseline';
import type { Run } from '../../common/run';
import type { AnalyzeSettings } from '../../shared/protocol/settings';
import type { BlamedOperators, NotebookEntry, Report } from '../../shared/protocol/report';
import type { Decisions } from '../../shared/protocol/choices';
import type { WorkerPool } from '../../runtime/workerPool';
import { rankLayers } from '../diagnosis/rankLayers';
import { makeBase } from '../candidate/base';
import { blameOperators } from './operatorFallback';
import { chooseCalibrator, methodsFor } from './chooseCalibrator';
import {
  layersAlone,
  planOf,
  withFixed,
  withOperators,
  type Candidate,
  type FixedChoices,
} from '../candidate/candidate';
import { explainLayers, type Explained } from '../diagnosis/explainLayers';
import { findInteractions } from '../diagnosis/findInteractions';
import { floatCosts } from '../diagnosis/floatLatencyCost';
import { Judge, type Judged } from '../candidate/candidateTrials';
import { chooseByLatency } from './chooseByLatency';
import type { SearchRun } from '../diagnosis/layerVariants';
import { measureAlikeness } from '../diagnosis/measureAlikeness';
import { foretellLayers, measureLayers, type LayerScore } from '../diagnosis/layerSensitivity';
import { measureOperators, type MeasuredOperator } from '../diagnosis/operatorSensitivity';
import { mendedNoise } from '../diagnosis/noiseAfterRemedies';
import { refineLayers } from './layerFallback';
import { applyRemedies, refitRemedies, takeRemedies, tryRemedies } from './chooseRemedies';

/** The calibrator of what is foretold before one is chosen: it keeps the noise of each tensor least. */
const FORETELLING = 'mse';

const REFITTED = 'Remedies fitted to the grids that layers were put on since';

/** What the workflow came to. */
export interface Outcome {
  /** Everything that the user left open in int8, with the calibrator that does best so. */
  whole: Candidate;
  /** What that scores on the samples that choose. */
  wholeScore: number;
  /** What it chose. */
  chosen: Candidate;
  blamed: BlamedOperators[];
  notebook: NotebookEntry[];
  calibrationTable: Report['calibrationTable'];
  /** Each layer alone in int8; empty where nothing asked for it. */
  ranked: LayerScore[];
  /** By layer; empty where nothing asked for it. */
  explained: Map<string, Explained>;
  /** What stands between the layers; empty where nothing asked for it. */
  operators: MeasuredOperator[];
  /** Noise of layers with the chosen scales and remedies, by name; empty where they are those of `whole`. */
  mended: Map<string, number>;
  /** Milliseconds that a layer takes more in float, by name; empty where nothing asked for it. */
  floatCosts: Map<string, number>;
  interactions: Report['interactions'];
  /** How alike each layer is to all others, by name; empty where nothing asked for it. */
  alikeness: Map<string, number>;
}

export interface WorkflowOptions {
  /** What the user decided. */
  fixed: FixedChoices;
  /** Whether the workflow may put other layers on a finer grid or in float. */
  refine: boolean;
  /** Whether every layer is measured alone even if nothing depends on it. */
  rank: boolean;
  /** Whether what is faster may decide: times differ from run to run. */
  timed: boolean;
}

/**
 * The paper's workflow: every calibrator; then what stands between the layers, if that is to blame; then remedies; then
 * the most sensitive layers on a finer grid or in float; each only while the target is missed. Among what scores as well,
 * less time. All of it is scored on the samples that choose; the proof is on others.
 * @throws EngineError `runtime`, `cancelled`
 */
export async function runWorkflow(
  pool: WorkerPool,
  measured: Measured,
  settings: Resolved<AnalyzeSettings>,
  options: WorkflowOptions,
  run: SearchRun,
): Promise<Outcome> {
  const { refine, rank, timed } = options;
  const { onProgress, signal } = run;
  const { chooser, outputs, isForeign } = measured;
  const begun = await beginWorkflow(pool, measured, settings, options, run);
  const { judge, whole: judged, table, blamed } = begun;
  const whole = judged.candidate;
  let { current } = begun;

  let ranked: LayerScore[] | undefined;
  if (refine) {
    const started = current;
    const { candidate } = started;
    const ranking = async () => {
      const isReported = candidate.remedies.length === 0 && candidate.weights === whole.weights;
      const own = isReported ? run : { ...run, onMeasured: undefined };
      const scores = await measureLayers(pool, measured, started, settings.targetDrop, own);
      // Of a remedied model they are those of its own weights, and of one scaled otherwise too.
      if (isReported) ranked = scores;
      return rankLayers(scores).flatMap(({ name }) => (candidate.fixed.has(name) ? [] : [name]));
    };
    current = await refineLayers(current, ranking, judge, onProgress);
  }
  const { candidate: refined } = current;
  const fitted = await refitRemedies(refined, { pool, measured, onProgress, signal });
  if (fitted !== refined) {
    current = await judge.attempt('remedy', REFITTED, fitted);
    current.entry.kept = true;
  }
  // This processor's times say nothing of another.
  if (timed && !isForeign)
    current = await chooseByLatency(current, judge, pool.first, chooser, outputs, onProgress, signal);
  if (rank) ranked ??= await measureLayers(pool, measured, judged, settings.targetDrop, run);
  const explained = rank
    ? await explainLayers(pool, measured, whole, ranked ?? [], !judge.aims(judged), run)
    : new Map<string, Explained>();
  const operators = rank ? await measureOperators(pool, measured, whole, blamed.length > 0, run) : [];
  const mended = rank
    ? await mendedNoise(pool, measured, whole, current.candidate, run)
    : new Map<string, number>();
  const isTimed = rank && !judge.aims(judged) && !isForeign;
  const costs = isTimed ? await floatCosts(pool.first, measured, whole, run) : new Map<string, number>();
  const interactions = rank ? await findInteractions(pool, measured, whole, ranked ?? [], run) : null;
  const alikeness = rank ? await measureAlikeness(pool, measured, run) : new Map<string, number>();
  const { notebook } = judge;
  return {
    whole,
    wholeScore: judged.verdict.score,
    chosen: current.candidate,
    blamed,
    notebook,
    calibrationTable: table,
    ranked: ranked ?? [],
    explained,
    operators,
    mended,
    floatCosts: costs,
    interactions,
    alikeness,
  };
}

/** What the workflow came to before it measures layers one by one. */
export interface Begun {
  judge: Judge;
  /** Everything that the user left open in int8. */
  whole: Judged;
  table: Report['calibrationTable'];
  blamed: BlamedOperators[];
  /** With what stands between the layers, and the remedies, decided. */
  current: Judged;
}

/** The workflow as far as every machine that shares the measuring of layers goes alike. */
export async function beginWorkflow(
  pool: WorkerPool,
  measured: Measured,
  settings: Resolved<AnalyzeSettings>,
  { fixed, refine, rank }: Omit<WorkflowOptions, 'timed'>,
  { onProgress, onMeasured, signal }: Run,
): Promise<Begun> {
  const { dataset, chooser } = measured;
  const judge = new Judge(chooser, dataset.metric, settings.targetDrop, signal);
  const start = withFixed(await startFrom(pool, measured, settings, signal), fixed);
  const unfused = measured.isForeign;
  const context = { pool, judge, samples: dataset.calibration, unfused, onProgress, signal };
  if (rank && onMeasured !== undefined) {
    const plan = planOf(layersAlone({ ...start, methods: await methodsFor(start, FORETELLING, context) }));
    onMeasured(foretellLayers(start, plan));
  }
  const { judged: whole, table } = await chooseCalibrator(start, settings.calibration, context);
  const isOpen = refine && fixed.remedies === null;
  const scaled = isOpen ? await tryPerChannel(whole, judge) : whole;
  const { blamed, judged } = await blameOperators(scaled, judge, onProgress);
  const remedying = { pool, measured, onProgress, signal };
  let current = judged;
  if (fixed.remedies !== null) current = await takeRemedies(current, fixed.remedies, judge, remedying);
  else if (refine) current = await tryRemedies(current, judge, remedying);
  return { judge, whole, table, blamed, current };
}

/**
 * Gives each channel of a weight its own scale where one for all is to blame: it costs nothing as the model runs, and all else
 * would treat its symptoms.
 */
async function tryPerChannel(start: Judged, judge: Judge): Promise<Judged> {
  if (start.candidate.weights === 'per-channel' || judge.aims(start)) return start;
  const candidate: Candidate = { ...start.candidate, weights: 'per-channel' };
  const tried = await judge.attempt('remedy', 'Weights scaled per channel', candidate);
  if (!judge.pays(start, tried)) return start;
  tried.entry.kept = true;
  return tried;
}

/**
 * The candidate that a workflow decided for, made again without trying anything.
 * @param decided what the user decided
 */
export async function rebuild(
  pool: WorkerPool,
  measured: Measured,
  settings: Resolved<AnalyzeSettings>,
  { method, weights, operators, choices, remedies, clips }: Decisions,
  decided: Pick<FixedChoices, 'layers' | 'operators'>,
  { onProgress, signal }: Run,
): Promise<Candidate> {
  const plain = await startFrom(pool, measured, { ...settings, calibration: method }, signal);
  const start = { ...plain, clips: new Map(clips) };
  const { dataset, isForeign: unfused } = measured;
  const context = { pool, samples: dataset.calibration, unfused, onProgress, signal };
  const methods = await methodsFor(start, method, context);
  const grids = new Map(Object.entries(choices));
  const fixed = new Set([...decided.layers.keys(), ...decided.operators.keys()]);
  const all = { ...start, weights, method, methods, choices: grids, fixed };
  const remedied = await applyRemedies(all, remedies, { pool, measured, onProgress, signal });
  return { ...withOperators(remedied, operators), choices: grids, fixed: start.fixed };
}

/** Everything in int8, before a calibrator is chosen. */
export async function startFrom(
  pool: WorkerPool,
  { model, layers, operators, unreached, histograms }: Measured,
  { profile, weights, calibration }: Resolved<AnalyzeSettings>,
  signal: AbortSignal | undefined,
): Promise<Candidate> {
  const own = calibration === 'auto' || calibration === 'mixed' ? [] : [calibration];
  const base = await makeBase(
    pool,
    model,
    { layers, operators, unreached },
    histograms,
    profile,
    own,
    signal,
  );
  return {
    ...{ base, profile, weights, remedies: [], idle: [] },
    method: 'max',
    methods: new Map(),
    operators: new Set(operators.map((o) => o.name)),
    choices: new Map(),
    fixed: new Set(),
    clips: new Map(),
  };
}
