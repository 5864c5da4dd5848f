import type { Model } from '../onnx/graph/model';
import { findLayers, type Layer } from '../onnx/layers/layers';
import { findOperators, type Operator } from '../onnx/layers/operators';
import { ownValue } from '../shared/ownValue';
import type { ProfileName } from '../shared/protocol/choices';
import type { HistogramState } from '../stats/histogram';
import { tensorsOf } from './plan';
import { profiles } from './targets/profiles';

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
