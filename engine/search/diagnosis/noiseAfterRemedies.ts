import { firstOf } from '../../data/samples/limitSamples';
import type { Measured } from '../../evaluate/baseline';
import type { Run } from '../../common/run';
import { StageProgress } from '../../common/progress';
import type { WorkerPool } from '../../runtime/workerPool';
import { localSqnr } from '../../evaluate/noise/localError';
import { fittedModel, layersAlone, planOf, type Candidate } from '../candidate/candidate';
import { LOCAL_SAMPLES } from './layerSensitivity';

/**
 * Signal to noise at each layer's own output in dB with the scales and remedies that were chosen: what they gained, beside what was
 * foretold. Empty where they are those of the whole network in int8.
 */
export async function mendedNoise(
  pool: WorkerPool,
  { dataset, isForeign }: Pick<Measured, 'dataset' | 'isForeign'>,
  whole: Candidate,
  chosen: Candidate,
  { onProgress, signal }: Run,
): Promise<Map<string, number>> {
  if (chosen.base === whole.base && chosen.weights === whole.weights) return new Map();
  const samples = firstOf(dataset.calibration, LOCAL_SAMPLES);
  const progress = new StageProgress('local', 'Measuring what remedies save', samples.length, onProgress);
  const run = { onSample: () => progress.step(), signal, unfused: isForeign };
  const { layers, plain } = chosen.base;
  const alone = layersAlone(chosen);
  return localSqnr(pool, plain, layers, planOf(alone), samples, run, fittedModel(alone));
}
