import type { Layer } from '../onnx/layers/layers';
import type { Operator } from '../onnx/layers/operators';
import type { LayerGrid, ProfileName, WeightGranularity } from '../shared/protocol/choices';
import type { HistogramState } from '../stats/histogram';
import type { Affine } from './affine';
import { assignGrids, wideAffine } from './grids';
import { layerGrids } from './layerGrids';
import { profiles, type Profile } from './targets/profiles';
import { ownValue } from '../shared/ownValue';

/** Every decision that the rewriting carries out. */
export interface QuantPlan {
  profile: Profile;
  weights: WeightGranularity;
  /** Grid of each activation by tensor name. */
  activations: Map<string, Affine>;
  /** Layers that are on a grid, by name. */
  layers: Set<string>;
  /** Of layers that are on another grid than `int8`, by name. */
  grids: ReadonlyMap<string, LayerGrid>;
  /** 16-bit grid of each activation that a layer on `int16` reads, by tensor name. */
  wide: ReadonlyMap<string, Affine>;
  /** Layers outside the plan whose weights are stored as halves, by name. */
  halves: ReadonlySet<string>;
  /** Operators between them that become integer, by name; those that no integer reaches stay in float all the same. */
  operators: Set<string>;
}

/**
 * Activations that the layers and operators read or write in 8 bits: what calibration has to look at.
 * @param grids of layers that are on another one than `int8`
 */
export function tensorsOf(
  layers: readonly Layer[],
  operators: readonly Operator[] = [],
  grids: ReadonlyMap<string, LayerGrid> = new Map(),
): Set<string> {
  return new Set([
    ...layers.flatMap((layer) => {
      const grid = grids.get(layer.name);
      return [
        ...(isByte(grid) ? layer.activations : []),
        ...(writesInteger(layer, grid) ? [layer.output] : []),
      ];
    }),
    ...operators.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]),
  ]);
}

/** Whether what a layer reads is on an 8-bit grid that was calibrated. */
function isByte(grid: LayerGrid = 'int8'): boolean {
  return layerGrids[grid].activations === 8;
}

/**
 * onnxruntime's integer convolution answers integers, so its output gets a grid too; its integer matrix
 * products can answer floats, which costs nothing and loses less. On other grids than those of 8 bits all answer floats.
 */
export function writesInteger(layer: Layer, grid?: LayerGrid): boolean {
  return isByte(grid) && (layer.opType === 'Conv' || layer.opType === 'ConvTranspose');
}

/** Whether a layer's result can be integers as soon as somebody wants them, which what stands behind it does. */
export function canWriteInteger(layer: Layer, grid?: LayerGrid): boolean {
  return isByte(grid) && !writesInteger(layer, grid);
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
  /** Layers in float whose weights are stored as halves. */
  halves?: ReadonlySet<string>;
  /** Least values that make a difference, by tensor ({@link leastUsefulValues}). */
  least?: ReadonlyMap<string, number>;
}

/** Plans the given layers as integers; `clips` must hold every tensor of {@link tensorsOf} them. */
export function planQuantization(
  layers: readonly Layer[],
  histograms: Readonly<Record<string, HistogramState>>,
  clips: ReadonlyMap<string, number>,
  settings: PlanSettings,
  { operators = [], grids = new Map(), halves = new Set(), least = new Map() }: PlanExtras = {},
): QuantPlan {
  const profile = profiles[settings.profile];
  const ranges = Object.fromEntries(
    Object.entries(histograms).map(([tensor, { min, max }]) => [
      tensor,
      { min: Math.max(min, least.get(tensor) ?? -Infinity), max },
    ]),
  );
  const wanted = tensorsOf(layers, operators, grids);
  const own = new Map([...clips].filter(([tensor]) => wanted.has(tensor)));
  return {
    profile,
    weights: settings.weights,
    activations: assignGrids(profile, operators, ranges, own),
    layers: new Set(layers.map((l) => l.name)),
    grids,
    wide: wideGrids(profile, layers, grids, ranges),
    halves,
    operators: new Set(operators.map((o) => o.name)),
  };
}

/** 16 bits hold the whole range finely: nothing of it is clipped. */
function wideGrids(
  profile: Profile,
  layers: readonly Layer[],
  grids: ReadonlyMap<string, LayerGrid>,
  ranges: Readonly<Record<string, { min: number; max: number }>>,
): Map<string, Affine> {
  const isWide = ({ name }: Layer) => layerGrids[grids.get(name) ?? 'int8'].activations === 16;
  return new Map(
    layers.filter(isWide).flatMap(({ activations }) =>
      activations.flatMap((tensor) => {
        const range = ownValue(ranges, tensor);
        return range === undefined ? [] : [[tensor, wideAffine(profile, range)] as const];
      }),
    ),
  );
}

/** The same plan with some of the layers left in float. */
export function withoutLayers(plan: QuantPlan, names: Iterable<string>): QuantPlan {
  const kept = new Set(names);
  return { ...plan, layers: new Set([...plan.layers].filter((name) => !kept.has(name))) };
}
