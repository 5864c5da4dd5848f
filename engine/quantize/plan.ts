import type { Layer } from '../onnx/layers';
import type { Operator } from '../onnx/operators';
import type { LayerGrid, ProfileName, WeightGranularity } from '../protocol';
import type { HistogramState } from '../stats/histogram';
import type { Affine } from './affine';
import { assignGrids } from './grids';
import { profiles, type Profile } from './profiles';

/** Every decision that the rewriting carries out. */
export interface QuantPlan {
  profile: Profile;
  weights: WeightGranularity;
  /** Grid of each activation by tensor name. */
  activations: Map<string, Affine>;
  /** Layers that become integer, by name. */
  layers: Set<string>;
  /** Of layers that are on another grid than `int8`, by name. */
  grids: ReadonlyMap<string, LayerGrid>;
  /** Operators between them that become integer, by name; those that no integer reaches stay in float all the same. */
  operators: Set<string>;
}

/** Activations that the layers read or write as integers: what calibration has to look at. */
export function tensorsOf(layers: readonly Layer[], operators: readonly Operator[] = []): Set<string> {
  return new Set([
    ...layers.flatMap((layer) => [...layer.activations, ...(writesInteger(layer) ? [layer.output] : [])]),
    ...operators.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]),
  ]);
}

/**
 * onnxruntime's integer convolution answers integers, so its output gets a grid too; its integer matrix
 * products can answer floats, which costs nothing and loses less.
 */
export function writesInteger(layer: Layer): boolean {
  return layer.opType === 'Conv' || layer.opType === 'ConvTranspose';
}

/** What a plan is made for. */
export interface PlanSettings {
  profile: ProfileName;
  weights: WeightGranularity;
}

/** What else a plan may make integer, and know of its tensors. */
export interface PlanExtras {
  operators?: readonly Operator[];
  grids?: ReadonlyMap<string, LayerGrid>;
  /** Least values that make a difference, by tensor ({@link leastUsefulValues}). */
  least?: ReadonlyMap<string, number>;
}

/** Plans the given layers as integers; `clips` must hold every tensor of {@link tensorsOf} them. */
export function planQuantization(
  layers: readonly Layer[],
  histograms: Readonly<Record<string, HistogramState>>,
  clips: ReadonlyMap<string, number>,
  settings: PlanSettings,
  { operators = [], grids = new Map(), least = new Map() }: PlanExtras = {},
): QuantPlan {
  const profile = profiles[settings.profile];
  const ranges = Object.fromEntries(
    Object.entries(histograms).map(([tensor, { min, max }]) => [
      tensor,
      { min: Math.max(min, least.get(tensor) ?? -Infinity), max },
    ]),
  );
  const wanted = tensorsOf(layers, operators);
  const own = new Map([...clips].filter(([tensor]) => wanted.has(tensor)));
  return {
    profile,
    weights: settings.weights,
    activations: assignGrids(profile, operators, ranges, own),
    layers: new Set(layers.map((l) => l.name)),
    grids,
    operators: new Set(operators.map((o) => o.name)),
  };
}

/** The same plan with some of the layers left in float. */
export function withoutLayers(plan: QuantPlan, names: Iterable<string>): QuantPlan {
  const kept = new Set(names);
  return { ...plan, layers: new Set([...plan.layers].filter((name) => !kept.has(name))) };
}
