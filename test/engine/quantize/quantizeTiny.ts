import { maxClip } from '../../../engine/calibrate/methods/maxClip';
import { findLayers } from '../../../engine/onnx/layers/layers';
import type { Model } from '../../../engine/onnx/graph/model';
import { normalize } from '../../../engine/onnx/normalize/normalize';
import { findOperators } from '../../../engine/onnx/layers/operators';
import { leastUsefulValues } from '../../../engine/onnx/layers/saturations';
import { exposeTensors } from '../../../engine/onnx/graph/addGraphOutputs';
import type { Tensor } from '../../../engine/onnx/tensors/tensor';
import type { LayerGrid, ProfileName, WeightGranularity } from '../../../engine/shared/protocol/choices';
import { planQuantization, tensorsOf, type QuantPlan } from '../../../engine/quantize/plan';
import { profiles } from '../../../engine/quantize/targets/profiles';
import { rewriteQdq } from '../../../engine/quantize/write/rewrite';
import { Magnitudes } from '../../../engine/stats/magnitudes';
import { Histogram, type HistogramState } from '../../../engine/stats/histogram';
import { runModel } from '../runTiny';

export interface Quantized {
  /** The model as quantized from. */
  float: Model;
  int8: Model;
  plan: QuantPlan;
  histograms: Record<string, HistogramState>;
}

/**
 * Calibrates with max on one sample and quantizes every layer but those named in `keepFloat`; what stands between the
 * layers too where that is wanted.
 * @param grids of layers that are on another one than int8
 */
export async function quantizeTiny(
  model: Model,
  feeds: Record<string, Tensor>,
  settings: { profile: ProfileName; weights: WeightGranularity },
  keepFloat: string[] = [],
  whole = false,
  grids: ReadonlyMap<string, LayerGrid> = new Map(),
): Promise<Quantized> {
  const float = normalize(model);
  const all = findLayers(float.graph);
  const layers = all.filter((l) => !keepFloat.includes(l.name));
  const operators = whole ? findOperators(float.graph, all, profiles[settings.profile].operators) : [];
  const tensors = [...tensorsOf(layers, operators)];
  const computed = tensors.filter((name) => feeds[name] === undefined);
  const exposed = exposeTensors(float, tensors);
  const leaving = computed.flatMap((name) => exposed.outputs.get(name) ?? []);
  const outputs = leaving.length === 0 ? {} : await runModel(exposed.model, feeds, leaving);
  const histograms = Object.fromEntries(
    tensors.map((name) => {
      const histogram = new Histogram();
      const { data = [] } = feeds[name] ?? outputs[exposed.outputs.get(name) ?? name] ?? {};
      histogram.add(data instanceof Float32Array ? data : Float32Array.from(data, Number));
      return [name, histogram.state()];
    }),
  );
  const plan = planQuantization(
    layers,
    histograms,
    new Map(
      tensors.map((name) => [name, maxClip(new Magnitudes(histograms[name] ?? new Histogram().state()))]),
    ),
    settings,
    { operators, grids, least: leastUsefulValues(float.graph) },
  );
  return { float, int8: rewriteQdq(float, plan), plan, histograms };
}
