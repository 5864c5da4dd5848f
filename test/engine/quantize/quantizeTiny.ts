import { maxClip } from '../../../engine/calibrate/maxClip';
import { findLayers } from '../../../engine/onnx/layers';
import type { Model } from '../../../engine/onnx/model';
import { normalize } from '../../../engine/onnx/normalize';
import { exposeTensors } from '../../../engine/onnx/exposeTensors';
import type { Tensor } from '../../../engine/onnx/tensor';
import type { ProfileName, WeightGranularity } from '../../../engine/protocol';
import { planQuantization, tensorsOf, type QuantPlan } from '../../../engine/quantize/plan';
import { rewriteQdq } from '../../../engine/quantize/rewrite';
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

/** Calibrates with max on one sample and quantizes every layer but those named in `keepFloat`. */
export async function quantizeTiny(
  model: Model,
  feeds: Record<string, Tensor>,
  settings: { profile: ProfileName; weights: WeightGranularity },
  keepFloat: string[] = [],
): Promise<Quantized> {
  const float = normalize(model);
  const layers = findLayers(float.graph).filter((l) => !keepFloat.includes(l.name));
  const tensors = [...tensorsOf(layers)];
  const computed = tensors.filter((name) => feeds[name] === undefined);
  const exposed = exposeTensors(float, tensors);
  const leaving = computed.flatMap((name) => exposed.outputs.get(name) ?? []);
  const outputs = leaving.length === 0 ? {} : await runModel(exposed.model, feeds, leaving);
  const histograms = Object.fromEntries(
    tensors.map((name) => {
      const histogram = new Histogram();
      histogram.add(
        Float32Array.from((feeds[name] ?? outputs[exposed.outputs.get(name) ?? name])?.data ?? [], Number),
      );
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
  );
  return { float, int8: rewriteQdq(float, plan), plan, histograms };
}
