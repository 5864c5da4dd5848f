import { checkModel } from '../../engine/onnx/file/checkModel';
import { inputSpecs } from '../../engine/onnx/summary/inputSpecs';
import { findLayers } from '../../engine/onnx/layers/layers';
import { type Model } from '../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../engine/onnx/file/readModel';
import { normalize } from '../../engine/onnx/normalize/normalize';
import { findOperators } from '../../engine/onnx/layers/operators';
import { summarize } from '../../engine/onnx/summary/summarize';
import type { LayerGrid } from '../../engine/shared/protocol/choices';
import { profiles } from '../../engine/quantize/targets/profiles';
import { tensorsOf } from '../../engine/quantize/plan';
import { rewriteQdq } from '../../engine/quantize/write/rewrite';

export interface Opened {
  original: Model;
  normalized: Model;
  /** Every layer and what stands between quantized as if all activations were between −1 and 1. */
  quantized: Uint8Array;
}

/** Everything that happens to a file before onnxruntime sees it. */
export function openModel(bytes: Uint8Array): Opened {
  const original = decodeModel(bytes, 'fuzz.onnx');
  checkModel(original);
  const normalized = normalize(original);
  summarize('fuzz.onnx', bytes, original, normalized);
  inputSpecs(original);
  const layers = findLayers(normalized.graph);
  const operators = findOperators(normalized.graph, layers, profiles.x86.operators);
  const plan = {
    profile: profiles.x86,
    weights: 'per-channel' as const,
    activations: new Map(
      [...tensorsOf(layers, operators)].map((name) => [
        name,
        { scale: 2 / 255, zeroPoint: 128, low: 0, high: 255 },
      ]),
    ),
    layers: new Set(layers.map((l) => l.name)),
    operators: new Set(operators.map((o) => o.name)),
    grids: new Map<string, LayerGrid>(),
    wide: new Map(),
    halves: new Set<string>(),
  };
  return { original, normalized, quantized: encodeModel(rewriteQdq(normalized, plan)) };
}
