import { formatPlural } from '../../shared/format';
import { encodeModel } from '../../onnx/file/readModel';
import { modelBytes } from '../../onnx/file/writeModel';
import type { Measured, Resolved } from '../../evaluate/baseline';
import type { Run } from '../../common/run';
import { StageProgress } from '../../common/progress';
import type { LayerChoice, Resource } from '../../shared/protocol/choices';
import type { NotebookEntry } from '../../shared/protocol/report';
import type { TradeOff, TradeOffPoint } from '../../shared/protocol/plan';
import type { TradeOffSettings } from '../../shared/protocol/settings';
import type { RuntimeWorker, Session } from '../../runtime/runtimeWorker';
import type { WorkerPool } from '../../runtime/workerPool';
import { interval95, pairedDifference, type WeightedValue } from '../../stats/pairedDifference';
import { importances } from '../../stats/orthogonality';
import { weightBits } from './bitOperations';
import { LEAST_ROUNDS, measureLatencies, speedup } from '../../evaluate/latency';
import { orthogonalityOf } from '../diagnosis/layerOrthogonality';
import { blameOperators } from '../tuning/operatorFallback';
import { chooseCalibrator } from '../tuning/chooseCalibrator';
import {
  buildModel,
  withDecided,
  withFixed,
  type Candidate,
  type FixedChoices,
} from '../candidate/candidate';
import { chooseTimed } from './chooseWithinLatency';
import { Judge } from '../candidate/candidateTrials';
import { measureAlikeness } from '../diagnosis/measureAlikeness';
import {
  measureChoices,
  openChoices,
  type LayerChoices,
  type MeasuredChoice,
  type MeasuredChoices,
} from './gridCosts';
import { NetworkPredictor } from './predictNetwork';
import { refitRemedies, takeRemedies } from '../tuning/chooseRemedies';
import { cheapestThatSuffices, frontOf, verifyAll, type Choice } from './paretoNetworks';
import { chooseAlong, type Question } from './gridProgram';
import { startFrom } from '../tuning/tuneModel';

/** What the trade-off came to. */
export interface TradeOffOutcome extends Pick<
  TradeOff,
  'points' | 'chosen' | 'floatUse' | 'layers' | 'offPrediction'
> {
  candidate: Candidate;
  notebook: NotebookEntry[];
  /** Of each program that was not solved to the end in time: how much less the least may be, as a share. */
  gaps: number[];
}

/**
 * Chooses a grid for each layer (HAWQ-V3, arXiv 2011.10680, section 3.4, with measured costs in place of second-order
 * ones): every layer is measured alone on every grid, an integer program finds the networks of least noise along one resource, and
 * those that matter are built and scored. With budgets the network of least noise within them is taken; without, the one that takes
 * least of the resource whose measured score suffices for the target.
 * @throws EngineError `bad-option` for budgets that cannot be kept, `runtime`, `cancelled`
 */
export async function runTradeOff(
  pool: WorkerPool,
  measured: Measured,
  settings: Resolved<TradeOffSettings>,
  fixed: FixedChoices,
  run: Run,
): Promise<TradeOffOutcome> {
  const { onProgress, signal } = run;
  const { dataset, chooser } = measured;
  const judge = new Judge(chooser, dataset.metric, settings.targetDrop, signal);
  const start = withFixed(await startFrom(pool, measured, settings, signal), fixed);
  const unfused = measured.isForeign;
  const context = { pool, judge, samples: dataset.calibration, unfused, onProgress, signal };
  const { judged: calibrated } = await chooseCalibrator(start, settings.calibration, context);
  const { judged: blameless } = await blameOperators(calibrated, judge, onProgress);
  const remedying = { pool, measured, onProgress, signal };
  const whole =
    fixed.remedies === null ? blameless : await takeRemedies(blameless, fixed.remedies, judge, remedying);
  const open = openChoices(whole.candidate, settings.grids);
  const costs = await measureChoices(pool, measured, whole.candidate, open, run);
  const together = {
    noise: 10 ** (-whole.verdict.sqnrDb / 10),
    changes: whole.verdict.samples.map(({ value }, s) => value - (chooser.floatSamples[s]?.value ?? value)),
    bytes: bytesOf(whole.candidate),
  };
  const predictor = new NetworkPredictor(costs, chooser.floatSamples, together, dataset.metric);
  const alikeness = await measureAlikeness(pool, measured, run);
  const gaps: number[] = [];
  const question: Question = {
    onUnproven: (gap) => gaps.push(gap),
    layers: costs.layers,
    floatUse: costs.floatUse,
    weights: {
      cost:
        settings.by === 'noise' ? (_layer, _index, { noise }) => noise : costByImportance(costs, alikeness),
      extra: (choice) => predictor.extra(choice),
    },
  };
  const { budgets, along } = settings;
  // What cannot be kept is said before a front is drawn.
  const timeOf = (choices: readonly MeasuredChoice[]) =>
    shareOfTime(pool.first, measured, candidateOf(whole.candidate, costs, { choices }), run);
  const within = budgets.length === 0 ? null : await chooseTimed(question, budgets, timeOf);
  const lines = [...new Set<Resource>([along, 'bytes', ...(measured.isForeign ? [] : ['latency' as const])])];
  const found: MeasuredChoice[][] = within === null ? [] : [within];
  for (const line of lines) found.push(...(await chooseAlong(question, line, budgets, run)));
  const all = found.map((choices): Choice => ({ choices, judged: null, ...predictor.predict(choices) }));
  const attempt = async (choice: Choice) =>
    (choice.judged ??= await judge.attempt(
      'grid',
      wordsFor(choice),
      candidateOf(whole.candidate, costs, choice),
    ));
  const [first] = all;
  const chosen =
    within !== null && first !== undefined
      ? first
      : await cheapestThatSuffices(all, along, judge, attempt, run);
  const { entry, candidate, verdict } = await attempt(chosen);
  entry.kept = true;
  const front = frontOf(all, lines, along, chosen);
  if (settings.verifyAll) await verifyAll(front, attempt, run);
  return {
    candidate: await refitRemedies(candidate, remedying),
    notebook: judge.notebook,
    gaps,
    floatUse: costs.floatUse,
    points: front.map((choice) => pointOf(choice, costs)),
    chosen: front.indexOf(chosen),
    offPrediction: interval95(pairedDifference(chosen.samples, verdict.samples)),
    layers: costs.layers.map((layer) => ({
      orthogonality: orthogonalityOf(alikeness, layer.layer.name),
      ...layerCosts(layer, chooser.floatSamples),
    })),
  };
}

/**
 * OMPQ's objective (arXiv 2109.07865, equation 8) as costs: each bit of a layer's weights counts for as much as the layer and those
 * behind it are unlike all others. Layers that cannot be compared count as the average.
 */
function costByImportance(
  { layers }: MeasuredChoices,
  alikeness: ReadonlyMap<string, number>,
): Question['weights']['cost'] {
  const mean = [...alikeness.values()].reduce((a, b) => a + b, 0) / Math.max(1, alikeness.size);
  const important = importances(layers.map(({ layer }) => alikeness.get(layer.name) ?? mean));
  return (_layer, index, { choice }) => -weightBits(choice) * (important[index] ?? 0);
}

/** What a network's layers are, by name. */
function decidedBy(
  { choices }: Pick<Choice, 'choices'>,
  { layers }: MeasuredChoices,
): [name: string, choice: LayerChoice][] {
  return layers.flatMap(({ layer }, i) => {
    const choice = choices[i]?.choice;
    return choice === undefined ? [] : [[layer.name, choice] as [string, LayerChoice]];
  });
}

function candidateOf(whole: Candidate, costs: MeasuredChoices, choice: Pick<Choice, 'choices'>): Candidate {
  return withDecided(whole, decidedBy(choice, costs));
}

/** `42 layers int8, 9 layers float`. */
function wordsFor({ choices }: Choice): string {
  const counts = new Map<LayerChoice, number>();
  for (const { choice } of choices) counts.set(choice, (counts.get(choice) ?? 0) + 1);
  return [...counts].map(([choice, count]) => `${formatPlural(count, 'layer')} ${choice}`).join(', ');
}

function pointOf(choice: Choice, costs: MeasuredChoices): TradeOffPoint {
  const { predicted, judged } = choice;
  const choices = decidedBy(choice, costs).filter(([, own]) => own !== 'int8');
  return {
    choices: Object.fromEntries(choices),
    predicted,
    verified:
      judged === null
        ? null
        : {
            score: judged.verdict.score,
            drop: 0 - judged.entry.difference,
            standardError: judged.entry.standardError,
            outputDb: judged.verdict.sqnrDb,
            bytes: bytesOf(judged.candidate),
          },
  };
}

function layerCosts(
  { layer, choices }: LayerChoices,
  float: readonly WeightedValue[],
): Omit<TradeOff['layers'][number], 'orthogonality'> {
  return {
    ...{ name: layer.name, opType: layer.opType },
    choices: choices.map(({ choice, noise, changes, extra }) => {
      const own = float.map(({ value, weight }, s) => ({ value: value + (changes[s] ?? 0), weight }));
      const { difference, standardError } = pairedDifference(float, own);
      return { choice, noise, drop: 0 - difference, standardError, extra };
    }),
  };
}

/** What a network takes of the float model's time, the two run in turns. */
async function shareOfTime(
  worker: RuntimeWorker,
  { reference, outputs, chooser }: Measured,
  candidate: Candidate,
  { onProgress, signal }: Run,
): Promise<number> {
  const timing = new StageProgress('select', 'Timing the choice beside float', LEAST_ROUNDS, onProgress);
  const sessions: Session[] = [];
  try {
    for (const model of [reference.bytes, encodeModel(buildModel(candidate))])
      sessions.push(await worker.load(model, { threads: 1 }));
    const onRound = () => timing.step();
    const [float, own] = await measureLatencies(sessions, outputs, chooser.samples, signal, onRound);
    timing.end();
    return float === undefined || own === undefined ? 1 : speedup(own, float).median;
  } finally {
    for (const session of sessions) await session.release();
  }
}

function bytesOf(candidate: Candidate): number {
  const model = buildModel(candidate);
  return modelBytes(model, encodeModel(model));
}
