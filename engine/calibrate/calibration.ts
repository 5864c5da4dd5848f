import { loadCalibration, storeCalibration } from './calibrationCache';
import { readCalibration, type CalibrationRecord } from './calibrationFile';
import { EngineError } from '../shared/engineError';
import type { SampleSource } from '../data/samples/dataset';
import { sampleDigest } from '../data/samples/sampleDigest';
import { baseName } from '../shared/format';
import type { Model } from '../onnx/graph/model';
import { StageProgress, type OnProgress } from '../common/progress';
import type { WorkerPool } from '../runtime/workerPool';
import { calibrationPass } from './calibrationPass';
import type { Shard } from '../common/shards';

export interface CalibrateRequest {
  /** {@link ModelSummary.hash}. */
  hash: string;
  normalized: Model;
  tensors: ReadonlySet<string>;
  samples: SampleSource;
  /** Of the samples. */
  shard?: Shard | undefined;
  skipFailed?: boolean | undefined;
  onProgress?: OnProgress | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Counts the values of a model's tensors over the calibration samples. What was counted before for this model and
 * these samples, wholly or until it was cancelled, is taken from the cache, and only the other samples are run.
 * @throws EngineError `bad-data`, `runtime`, `cancelled`
 */
export async function calibrate(
  pool: WorkerPool,
  { hash, normalized, tensors, samples, shard, skipFailed, onProgress, signal }: CalibrateRequest,
): Promise<CalibrationRecord> {
  const { index: own, count } = shard ?? { index: 1, count: 1 };
  const indices = Array.from({ length: samples.length }, (_, i) => i).filter((i) => i % count === own - 1);
  const [first] = indices;
  if (first === undefined) {
    throw new EngineError(
      'bad-option',
      `Part ${own} of ${count} has no samples: there are ${samples.length} to calibrate with.`,
      `Use at most ${samples.length} parts.`,
    );
  }
  const progress = new StageProgress('calibrate', 'Calibrating', indices.length, onProgress);
  // A sample that cannot be read is the pass's to name.
  const firstSample = await samples.load(first).then(sampleDigest, () => 'unreadable');
  const key = { model: hash, tensors, firstSample };
  const cached = await loadCalibration(key);
  // One of more samples than these cannot be cut down to them.
  const known = cached !== undefined && cached.counted.length <= indices.length ? cached : undefined;
  const keep = async (part: Omit<CalibrationRecord, 'model'>) => {
    if (part.counted.length > (cached?.counted.length ?? 0)) {
      await storeCalibration(key, { model: hash, ...part });
    }
  };
  const found = await calibrationPass(pool, normalized, tensors, samples, {
    indices,
    known,
    skipFailed,
    onSample: () => progress.step(),
    keep,
    signal,
  });
  await keep(found);
  return { model: hash, ...found };
}

/**
 * A calibration that was written to a file, for this model.
 * @throws EngineError `bad-data` when it is of another model
 */
export async function openCalibration(file: string, hash: string): Promise<CalibrationRecord> {
  const record = await readCalibration(file);
  if (record.model === hash) return record;
  throw new EngineError(
    'bad-data',
    `${baseName(file)} is of another model.`,
    'Calibrate this one with "quantscope calibrate", with the same --dim.',
  );
}
