import { firstOf } from '../../data/samples/limitSamples';
import type { Measured } from '../../evaluate/baseline';
import type { Run } from '../../common/run';
import { StageProgress } from '../../common/progress';
import type { WorkerPool } from '../../runtime/workerPool';
import { layerAlikeness, ORTHOGONALITY_SAMPLES } from './layerOrthogonality';

/** How alike each layer of the float model is to all others, on samples that calibrate. */
export async function measureAlikeness(
  pool: WorkerPool,
  { dataset, model, layers }: Measured,
  { onProgress, signal }: Run,
): Promise<Map<string, number>> {
  const samples = firstOf(dataset.calibration, ORTHOGONALITY_SAMPLES);
  const progress = new StageProgress(
    'local',
    'Comparing layers with one another',
    samples.length,
    onProgress,
  );
  return layerAlikeness(pool, model, layers, samples, { onSample: () => progress.step(), signal });
}
