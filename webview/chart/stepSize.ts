import type { ProfileName } from '../../engine/shared/protocol/choices';
import { tensorGrid, type GridRange } from './tensorGrid';

/** How wide one integer step is, as a formula for people. */
export function stepFormula(profile: ProfileName): string {
  return profile === 'tensorrt' ? 'clip / 127' : 'range / 255';
}

/** The distance of neighbouring integer values in the tensor's units, when magnitudes above `clip` are cut off. */
export function stepSize(range: GridRange, clip: number, profile: ProfileName): number {
  return tensorGrid(range, clip, profile).step;
}
