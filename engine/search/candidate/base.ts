import { methods } from '../../calibrate/methods/clipOf';
import { withAlignedChannels } from '../../quantize/targets/alignChannels';
import { findLayers, type Layer } from '../../onnx/layers/layers';
import type { Model } from '../../onnx/graph/model';
import { findOperators, type Operator } from '../../onnx/layers/operators';
import { leastUsefulValues } from '../../onnx/layers/saturations';
import { withSubPixelConvs } from '../../quantize/targets/subPixelConv';
import type { CalibrationMethod, LayerChoice, ProfileName } from '../../shared/protocol/requests';
import { tensorsOf } from '../../quantize/plan';
import { profiles } from '../../quantize/targets/profiles';
import type { WorkerPool } from '../../runtime/workerPool';
import { clipsBy } from './computeClips';
import type { HistogramState } from '../../stats/histogram';
import { ownValue } from '../../shared/ownValue';

/** The form of a normalized model that a target's integer kernels fit best; it computes the same. */
export function adaptTo(profile: ProfileName, normalized: Model): Model {
  const { integerConvTranspose, channelMultiple } = profiles[profile];
  const convolved = integerConvTranspose ? normalized : withSubPixelConvs(normalized);
  return withAlignedChannels(convolved, channelMultiple);
}

/** What can become integer in a model. */
export interface Parts {
  /** Layers whose ranges are known. */
  layers: Layer[];
  /** What stands between them and the target computes on integers. */
  operators: Operator[];
}

/** What samples told of them. */
export interface SeenParts extends Parts {
  /** Layers without ranges: they can be on no grid but one that needs none. */
  unreached: Layer[];
}

export function partsOf(model: Model, profile: ProfileName): Parts {
  const layers = findLayers(model.graph);
  return { layers, operators: findOperators(model.graph, layers, profiles[profile].operators) };
}

/** Recurrent layers quantize what they read as they run, or only store weights: they need no ranges. */
const needsNoRanges = new Set<string>(['LSTM', 'GRU']);

/** Whether samples reached all that a layer reads and makes, with values that a range can hold: NaN and infinities are none. */
export function isReached(layer: Layer, histograms: Readonly<Record<string, HistogramState>>): boolean {
  return [...tensorsOf([layer])].every((tensor) => (ownValue(histograms, tensor)?.finite ?? 0) > 0);
}

/** Those that can be quantized: their tensors were seen to hold something, or they need not be; and the other layers. */
export function seenParts(
  { layers, operators }: Parts,
  histograms: Readonly<Record<string, HistogramState>>,
): SeenParts {
  const isSeen = (operator: Operator) =>
    [...tensorsOf([], [operator])].every((tensor) => (ownValue(histograms, tensor)?.finite ?? 0) > 0);
  const isKnown = (layer: Layer) => needsNoRanges.has(layer.opType) || isReached(layer, histograms);
  return {
    layers: layers.filter(isKnown),
    operators: operators.filter(isSeen),
    unreached: layers.filter((layer) => !isKnown(layer)),
  };
}

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
