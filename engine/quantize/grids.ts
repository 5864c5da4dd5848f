import { clippedRange } from '../calibrate/grid';
import type { Operator } from '../onnx/operators';
import type { Rescaling } from '../onnx/rescaling';
import type { HistogramState } from '../stats/histogram';
import { affine8, storableScale, symmetricGrid, type Affine } from './affine';
import type { Profile } from './profiles';

/** Scale and zero point of one activation for a clip on |x|. */
export function activationAffine(
  profile: Profile,
  range: { min: number; max: number },
  clip: number,
): Affine {
  if (profile.activation.symmetric) return symmetricGrid(clip);
  const { min, max } = clippedRange(range, clip);
  return affine8(min, max, lowest(profile));
}

function lowest({ activation }: Profile): 0 | -128 {
  return activation.type === 'uint8' ? 0 : -128;
}

/** Integers of a tensor read as another: its grid before, and what the same integers mean behind. */
export interface Reading {
  before: Affine;
  after: Affine;
}

/**
 * The grid on which `y = clip(factor · x + shift)` is nothing but another reading of x's integers: clipping is what a
 * grid does at its ends, and factor and shift change scale and zero point. So HardSigmoid costs a requantization.
 * @param range of y as seen, clipped as its calibrator wants
 * @returns `null` where the zero point of x would be no integer of the type
 */
export function rescalingGrids(
  profile: Profile,
  { factor, shift, low, high }: Rescaling,
  range: { min: number; max: number },
): Reading | null {
  const [min, max] = [Math.max(range.min, low), Math.min(range.max, high)];
  const wide = affine8(min, max, lowest(profile));
  // The shift should be whole steps, or zero lies between two integers on one of the sides; but a grid widened for that must
  // not reach more than a step beyond where it clips.
  const whole = Math.abs(shift) / Math.floor(Math.abs(shift) / wide.scale);
  const scale = whole < Infinity && 255 * (whole - wide.scale) <= whole ? storableScale(whole) : wide.scale;
  const least = lowest(profile);
  const zeroPoint = least + Math.max(0, Math.min(255, Math.round(-Math.min(min, 0) / scale)));
  const zeroBefore = zeroPoint + Math.round(shift / scale);
  if (zeroBefore < least || zeroBefore > least + 255) return null;
  const after = { scale, zeroPoint, low: least, high: least + 255 };
  return { before: { ...after, scale: storableScale(scale / factor), zeroPoint: zeroBefore }, after };
}

/** The grid of a tensor that is another, times a factor. */
export function scaledBy(affine: Affine, factor: number): Affine {
  return { ...affine, scale: storableScale(affine.scale * factor) };
}

/** The narrowest grid that holds what all of these hold. */
function union(profile: Profile, affines: readonly Affine[]): Affine {
  const ends = affines.flatMap(({ scale, zeroPoint, low, high }) => [
    (low - zeroPoint) * scale,
    (high - zeroPoint) * scale,
  ]);
  const [min, max] = [Math.min(...ends), Math.max(...ends)];
  return activationAffine(profile, { min, max }, Math.max(-min, max));
}

/**
 * Gives every tensor of the operators its grid: its own by its clip, or the one that it must share. What only moves
 * values passes on the grid of what it reads; what joins tensors of one grid spreads the widest over all.
 * @param operators those that become integer, in the order of the nodes
 * @returns grids by tensor; of operators that read the same integers differently, both grids by their first input
 */
export function assignGrids(
  profile: Profile,
  operators: readonly Operator[],
  histograms: Readonly<Record<string, Pick<HistogramState, 'min' | 'max'>>>,
  clips: ReadonlyMap<string, number>,
): { activations: Map<string, Affine>; readings: Map<string, Reading> } {
  const activations = new Map<string, Affine>();
  for (const [tensor, clip] of clips) {
    const state = histograms[tensor];
    if (state !== undefined) activations.set(tensor, activationAffine(profile, state, clip));
  }
  const readings = new Map<string, Reading>();
  const share = () => {
    for (const { form, inputs, outputs, rescaling, name } of operators) {
      const [input = ''] = inputs;
      const from = activations.get(input);
      if (from === undefined) continue;
      if (form === 'same') for (const output of outputs) activations.set(output, from);
      if (rescaling === null) continue;
      const [output = ''] = outputs;
      if (!isClipping(rescaling)) {
        activations.set(output, scaledBy(from, rescaling.factor));
        continue;
      }
      const state = histograms[output];
      const clip = clips.get(output);
      if (state === undefined || clip === undefined) continue;
      const reading = rescalingGrids(profile, rescaling, clippedRange(state, clip));
      if (reading === null) continue;
      readings.set(name, reading);
      activations.set(output, reading.after);
    }
  };
  share();
  const joins = operators.filter((o) => o.form === 'same-join');
  // What is joined may be a join itself, or have been moved before: a wider grid goes back to where values were made.
  for (let changed = joins.length > 0; changed;) {
    changed = false;
    for (const { inputs, outputs } of joins) {
      const members = [...inputs.map((tensor) => originOf(tensor, operators)), ...outputs];
      const grids = members.flatMap((tensor) => activations.get(tensor) ?? []);
      if (grids.length < members.length) continue;
      const shared = union(profile, grids);
      changed ||= grids.some((grid) => grid.scale !== shared.scale || grid.zeroPoint !== shared.zeroPoint);
      for (const tensor of members) activations.set(tensor, shared);
    }
    if (changed) share();
  }
  return { activations, readings };
}

/** Whether a rescaling does more than to multiply. */
export function isClipping({ shift, low, high }: Rescaling): boolean {
  return shift !== 0 || Number.isFinite(low) || Number.isFinite(high);
}

function originOf(tensor: string, operators: readonly Operator[]): string {
  let origin = tensor;
  for (;;) {
    const mover = operators.find((o) => o.form === 'same' && o.outputs.includes(origin));
    if (mover === undefined) return origin;
    origin = mover.inputs[0] ?? '';
  }
}
