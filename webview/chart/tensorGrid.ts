import type { LayerInput } from '../../engine/shared/protocol/report';
import type { ProfileName } from '../../engine/shared/protocol/choices';

/** The values that 8 bits can hold of a tensor: whole multiples of `step` from `first` to `last`. */
export interface TensorGrid {
  step: number;
  first: number;
  last: number;
}

/** What of a tensor decides its grid. */
export type GridRange = Pick<LayerInput, 'min' | 'max' | 'least'>;

/**
 * The int8 grid of a tensor whose magnitudes above `clip` are cut off, as the engine makes it. TensorRT spans ±clip whatever the
 * values; the others spend 255 steps on the side or sides that have values, and begin where values begin to make a difference.
 */
export function tensorGrid({ min, max, least }: GridRange, clip: number, profile: ProfileName): TensorGrid {
  if (profile === 'tensorrt') return { step: clip / 127 || 1, first: -127, last: 127 };
  const low = Math.max(Math.min(Math.max(min, least ?? -Infinity), 0), -clip);
  const high = Math.min(Math.max(max, 0), clip);
  const step = (high - low) / 255 || 1;
  const below = Math.max(0, Math.min(255, Math.round(-low / step)));
  return { step, first: 0 - below, last: 255 - below };
}
