import type { LayerInput, ProfileName } from '../../engine/protocol';

/** How wide one integer step is, as a formula for people. */
export function stepFormula(profile: ProfileName): string {
  return profile === 'tensorrt' ? 'clip / 127' : 'range / 255';
}

/**
 * The distance of neighbouring integer values in the tensor's units, when magnitudes above `clip` are cut off.
 * TensorRT spans ±clip whatever the values; the others span only the side or sides that have values.
 */
export function stepSize({ min, max }: LayerInput, clip: number, profile: ProfileName): number {
  if (profile === 'tensorrt') return clip / 127;
  const [low, high] = [Math.max(Math.min(min, 0), -clip), Math.min(Math.max(max, 0), clip)];
  return (high - low) / 255;
}
