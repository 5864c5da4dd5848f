import { clippedRange } from '../stats/integerGrid';
import { keepsGrid, type Operator } from '../onnx/layers/operators';
import type { Rescaling } from '../onnx/layers/rescaling';
import type { HistogramState } from '../stats/histogram';
import { affine16, affine8, storableScale, symmetricGrid, type Affine } from './affine';
import type { Profile } from './targets/profiles';
import { ownValue } from '../shared/ownValue';

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

/** Scale and zero point of one activation in 16 bits for its whole range. */
export function wideAffine({ activation }: Profile, { min, max }: { min: number; max: number }): Affine {
  if (activation.symmetric) return symmetricGrid(Math.max(-min, max), 16);
  return affine16(min, max, activation.type === 'uint8' ? 0 : -32768);
}

function lowest({ activation }: Profile): 0 | -128 {
  return activation.type === 'uint8' ? 0 : -128;
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
 * @returns grids by tensor
 */
export function assignGrids(
  profile: Profile,
  operators: readonly Operator[],
  histograms: Readonly<Record<string, Pick<HistogramState, 'min' | 'max'>>>,
  clips: ReadonlyMap<string, number>,
): Map<string, Affine> {
  const activations = new Map<string, Affine>();
  for (const [tensor, clip] of clips) {
    const state = ownValue(histograms, tensor);
    if (state !== undefined) activations.set(tensor, activationAffine(profile, state, clip));
  }
  const share = () => {
    for (const { form, inputs, outputs, rescaling } of operators) {
      const [input = ''] = inputs;
      const from = activations.get(input);
      if (from === undefined) continue;
      if (keepsGrid(form)) for (const output of outputs) activations.set(output, from);
      // What only multiplies by a number is the same integers with another scale.
      if (rescaling !== null && !isClipping(rescaling))
        for (const output of outputs) activations.set(output, scaledBy(from, rescaling.factor));
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
  return activations;
}

/** Whether a rescaling does more than to multiply. */
export function isClipping({ shift, low, high }: Rescaling): boolean {
  return shift !== 0 || Number.isFinite(low) || Number.isFinite(high);
}

/** The tensor whose values and grid a tensor has, where operators that keep grids only moved them; else itself. */
export function originOf(tensor: string, operators: readonly Operator[]): string {
  let origin = tensor;
  for (;;) {
    const mover = operators.find((o) => keepsGrid(o.form) && o.outputs.includes(origin));
    if (mover === undefined) return origin;
    origin = mover.inputs[0] ?? '';
  }
}
