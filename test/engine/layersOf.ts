import { resolve } from 'node:path';
import { foldConstants } from '../../engine/runtime/foldConstants';
import { readModelFile } from '../../engine/onnx/file/readModel';
import { normalize } from '../../engine/onnx/normalize/normalize';
import { measureFloat, type Measured, type Resolved } from '../../engine/evaluate/baseline';
import type { AnalyzeSettings } from '../../engine/shared/protocol/settings';
import type { WeightGranularity } from '../../engine/shared/protocol/choices';
import { resolveProfile } from '../../engine/runtime/hostProfile';
import type { WorkerPool } from '../../engine/runtime/workerPool';
import { makeBase } from '../../engine/search/candidate/base';
import type { Candidate } from '../../engine/search/candidate/candidate';

/** A model measured in float, and all its layers in int8 with nothing between them, calibrated by max. */
export async function layersOf(
  pool: WorkerPool,
  path: string,
  data: string,
  samples: number,
  weights: WeightGranularity,
): Promise<{ measured: Measured; candidate: Candidate }> {
  const { bytes, model: original } = await readModelFile(resolve(path));
  const normalized = normalize(original);
  await foldConstants(pool.first, normalized);
  const profile = await resolveProfile('auto', pool.first);
  const settings: Resolved<AnalyzeSettings> = {
    ...{ data: resolve(data), preset: null, samples, weights, calibration: 'max', profile },
    targetDrop: 0.01,
  };
  const opened = { bytes, hash: `bench ${path}`, original, normalized };
  const measured = await measureFloat(pool, opened, settings, {});
  const { model, histograms } = measured;
  const base = await makeBase(pool, model, measured, histograms, profile, ['max']);
  const candidate: Candidate = {
    ...{ base, profile, weights, remedies: [], idle: [], method: 'max' },
    methods: new Map(Object.keys(histograms).map((tensor) => [tensor, 'max'])),
    ...{ operators: new Set(), choices: new Map(), fixed: new Set(), clips: new Map() },
  };
  return { measured, candidate };
}
