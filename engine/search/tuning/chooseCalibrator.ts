import { methods } from '../../calibrate/methods/clipOf';
import type { SampleSource } from '../../data/samples/dataset';
import { firstOf } from '../../data/samples/limitSamples';
import { formatMethod } from '../../shared/format';
import { StageProgress, type OnProgress } from '../../common/progress';
import type { CalibrationChoice, CalibrationMethod, UsedMethod } from '../../shared/protocol/choices';
import type { Report } from '../../shared/protocol/report';
import type { WorkerPool } from '../../runtime/workerPool';
import { localSqnr } from '../../evaluate/noise/localError';
import { methodPerTensor } from './calibratorPerTensor';
import { layersAlone, planOf, type Candidate } from '../candidate/candidate';
import type { Judge, Judged } from '../candidate/candidateTrials';

/** Samples for the noise by method: an average over thousands of values each, so that a few samples settle it. */
const NOISE_SAMPLES = 8;

export interface CalibratorContext {
  pool: WorkerPool;
  judge: Judge;
  /** Samples that calibrate. */
  samples: SampleSource;
  /** {@link Measured.isForeign}: what is in int8 is computed as its text says. */
  unfused: boolean;
  onProgress: OnProgress | undefined;
  signal: AbortSignal | undefined;
}

function methodsOf(candidate: Candidate, method: CalibrationMethod): Map<string, CalibrationMethod> {
  return new Map(Object.keys(candidate.base.histograms).map((tensor) => [tensor, method]));
}

/** For each tensor the method that leaves the layers around it the least noise. */
async function mixedMethods(
  start: Candidate,
  { pool, samples, unfused, onProgress, signal }: Omit<CalibratorContext, 'judge'>,
): Promise<Map<string, CalibrationMethod>> {
  const few = firstOf(samples, NOISE_SAMPLES);
  const total = few.length * methods.length;
  const progress = new StageProgress('choose', 'Trying each calibrator on each tensor', total, onProgress);
  const run = { onSample: () => progress.step(), unfused, signal };
  const sqnr = new Map<CalibrationMethod, Map<string, number>>();
  const { base } = start;
  for (const method of methods) {
    const methods = methodsOf(start, method);
    // Calibrators choose for activations; the noise of per-tensor weights would hide what they do.
    const plan = planOf({ ...layersAlone(start), weights: 'per-channel', methods });
    sqnr.set(method, await localSqnr(pool, base.model, base.layers, plan, few, run));
  }
  // Tensors that no layer reads or writes as integers have a histogram, but no noise: those between take what keeps most.
  return new Map([...methodsOf(start, 'max'), ...methodPerTensor(base.layers, sqnr)]);
}

/** The method of each tensor, without a score for any. */
export async function methodsFor(
  start: Candidate,
  method: UsedMethod,
  context: Omit<CalibratorContext, 'judge'>,
): Promise<Map<string, CalibrationMethod>> {
  return method === 'mixed' ? mixedMethods(start, context) : methodsOf(start, method);
}

/**
 * Takes the calibrator that was asked for; `auto` tries every one, and the mixture, with everything in int8, and keeps the one
 * that scores best.
 * @returns the candidate with the method, what it scored, and what every method scored
 */
export async function chooseCalibrator(
  start: Candidate,
  choice: CalibrationChoice,
  context: CalibratorContext,
): Promise<{ judged: Judged; table: Report['calibrationTable'] }> {
  const { judge, onProgress } = context;
  const candidates: [UsedMethod, Map<string, CalibrationMethod>][] = [];
  if (choice !== 'auto' && choice !== 'mixed') candidates.push([choice, methodsOf(start, choice)]);
  if (choice === 'auto')
    candidates.push(
      ...methods.map((method): [UsedMethod, Map<string, CalibrationMethod>] => [
        method,
        methodsOf(start, method),
      ]),
    );
  if (choice === 'auto' || choice === 'mixed') candidates.push(['mixed', await mixedMethods(start, context)]);

  const total = candidates.length * judge.sampleCount;
  const progress = new StageProgress('choose', 'Trying each calibrator', total, onProgress);
  const step = () => progress.step();
  const tried: (Judged & { method: UsedMethod })[] = [];
  for (const [method, methods] of candidates) {
    // Between methods per-channel weights judge, since the noise of per-tensor ones would hide what activations do.
    const weights = candidates.length > 1 ? 'per-channel' : start.weights;
    const candidate: Candidate = { ...start, weights, method, methods };
    tried.push({ ...(await judge.attempt('calibrator', formatMethod(method), candidate, step)), method });
  }
  const chosen = tried.reduce((a, b) => (judge.isBetter(a, b) ? b : a));
  chosen.entry.kept = true;
  const table =
    choice === 'auto' ? tried.map(({ method, verdict }) => ({ method, score: verdict.score })) : [];
  if (chosen.candidate.weights === start.weights) return { judged: chosen, table };
  const own = { ...chosen.candidate, weights: start.weights };
  const judged = await judge.attempt('calibrator', `${formatMethod(chosen.method)}, weights per tensor`, own);
  judged.entry.kept = true;
  return { judged, table };
}
