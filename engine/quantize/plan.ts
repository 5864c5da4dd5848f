import type { HistogramState } from '../stats/histogram';
import { clippedRange } from '../calibrate/grid';
import type { Layer } from '../onnx/layers';
import type { ProfileName, WeightGranularity } from '../protocol';
import { affine8, symmetricInt8, type Affine } from './affine';
import { profiles, type Profile } from './profiles';

/** Every decision that the rewriting carries out. */
export interface QuantPlan {
  profile: Profile;
  weights: WeightGranularity;
  /** Grid of each activation by tensor name. */
  activations: Map<string, Affine>;
  /** Layers that become integer, by name. */
  layers: Set<string>;
}

/** Activations that the layers read or write as integers: what calibration has to look at. */
export function tensorsOf(layers: readonly Layer[]): Set<string> {
  return new Set(
    layers.flatMap((layer) => [...layer.activations, ...(writesInteger(layer) ? [layer.output] : [])]),
  );
}

/**
 * onnxruntime's integer convolution answers integers, so its output gets a grid too; its integer matrix
 * products can answer floats, which costs nothing and loses less.
 */
export function writesInteger(layer: Layer): boolean {
  return layer.opType === 'Conv' || layer.opType === 'ConvTranspose';
}

/** Scale and zero point of one activation for a clip on |x|. */
export function activationAffine(
  profile: Profile,
  range: { min: number; max: number },
  clip: number,
): Affine {
  if (profile.activation.symmetric) return symmetricInt8(clip);
  const { min, max } = clippedRange(range, clip);
  return affine8(min, max, profile.activation.type === 'uint8' ? 0 : -128);
}

/** Plans the given layers as integers; `clips` must hold every tensor of {@link tensorsOf} them. */
export function planQuantization(
  layers: readonly Layer[],
  histograms: Record<string, HistogramState>,
  clips: ReadonlyMap<string, number>,
  settings: { profile: ProfileName; weights: WeightGranularity },
): QuantPlan {
  const profile = profiles[settings.profile];
  const activations = new Map<string, Affine>();
  for (const tensor of tensorsOf(layers)) {
    const state = histograms[tensor];
    const clip = clips.get(tensor);
    if (state === undefined || clip === undefined) continue;
    activations.set(tensor, activationAffine(profile, state, clip));
  }
  return { profile, weights: settings.weights, activations, layers: new Set(layers.map((l) => l.name)) };
}
