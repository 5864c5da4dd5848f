import { methods } from '../../calibrate/methods/clipOf';
import type { Model } from '../../onnx/graph/model';
import { leastUsefulValues } from '../../onnx/layers/saturations';
import type { SeenParts } from '../../quantize/quantizableParts';
import type { WorkerPool } from '../../runtime/workerPool';
import type { CalibrationMethod, LayerChoice, ProfileName } from '../../shared/protocol/choices';
import type { HistogramState } from '../../stats/histogram';
import { clipsBy } from './computeClips';

/** A float model to quantize from, and what was measured of its tensors. */
export interface Base extends SeenParts {
  model: Model;
  /** The same before a remedy changed weights and biases for the sake of their rounding. */
  plain: Model;
  /** What layers that are not plain int8 were when such a remedy was fitted to their grids, by name. */
  fittedTo: ReadonlyMap<string, LayerChoice>;
  histograms: Record<string, HistogramState>;
  /** Those before remedies that change ranges; decided clips are in their units. */
  unscaled: Readonly<Record<string, HistogramState>>;
  /** Clip on |x| by method and tensor. */
  clips: Map<CalibrationMethod, Map<string, number>>;
  /** Least values that make a difference, by tensor. */
  least: Map<string, number>;
  /** Most that a tensor's grid is to reach to, whatever its calibrator says. */
  limits: ReadonlyMap<string, number>;
}

/** @throws EngineError `cancelled` */
export async function makeBase(
  pool: WorkerPool,
  model: Model,
  { layers, operators, unreached }: SeenParts,
  histograms: Record<string, HistogramState>,
  profile: ProfileName,
  more: readonly CalibrationMethod[],
  signal?: AbortSignal,
): Promise<Base> {
  const wanted = [...new Set([...methods, ...more])];
  const clips = await clipsBy(pool, wanted, profile, histograms, signal);
  return {
    model,
    plain: model,
    fittedTo: new Map(),
    layers,
    operators,
    unreached,
    histograms,
    unscaled: histograms,
    clips,
    least: leastUsefulValues(model.graph),
    limits: new Map(),
  };
}
