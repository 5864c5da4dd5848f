import { indexGraph } from '../../onnx/graph/graphIndex';
import { constantsWithin } from '../../onnx/graph/constants';
import type { Model } from '../../onnx/graph/model';
import { clipBounds } from '../../onnx/layers/rescaling';
import type { ProfileName } from '../../shared/protocol/choices';
import { planQuantization, tensorsOf } from '../../quantize/plan';
import { rewriteQdq } from '../../quantize/write/rewrite';
import { Histogram } from '../../stats/histogram';
import { adaptTo } from '../../quantize/targets/adaptModel';
import { partsOf } from '../../quantize/quantizableParts';

/**
 * A normalized model as it would be written with all that the target has an integer form for, without data: every range is
 * taken for [−1, 1], or for what a Relu or Clip lets pass of that. Only its form is to be trusted.
 */
export function assumedModel(normalized: Model, profile: ProfileName): Model {
  const model = adaptTo(profile, normalized);
  const { layers, operators } = partsOf(model, profile);
  const constants = constantsWithin(model.graph);
  const clips = new Map(
    [...layers, ...operators].flatMap(({ graph, tail }) => {
      const last = tail.at(-1);
      const bounds = last && clipBounds(last, indexGraph(graph, constants));
      return bounds === undefined ? [] : [[last?.output[0] ?? '', bounds] as const];
    }),
  );
  const ranges = new Map(
    [...tensorsOf(layers, operators)].map((tensor) => {
      const { low, high } = clips.get(tensor) ?? { low: -Infinity, high: Infinity };
      return [tensor, { min: Math.max(-1, low), max: Math.min(1, high) }] as const;
    }),
  );
  const empty = new Histogram().state();
  const plan = planQuantization(
    layers,
    Object.fromEntries([...ranges].map(([tensor, range]) => [tensor, { ...empty, ...range }])),
    new Map([...ranges].map(([tensor, { min, max }]) => [tensor, Math.max(-min, max)])),
    { profile, weights: 'per-channel' },
    { operators },
  );
  return rewriteQdq(model, plan);
}
