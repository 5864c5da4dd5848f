import type { Layer } from '../onnx/layers/layers';
import type { LayerGrid } from '../shared/protocol/choices';
import { layerGrids } from './layerGrids';
import type { Profile } from './targets/profiles';
import type { WeightBits } from './weights';

/** A layer's weight, and its bias in the weight's steps, which can be written in other bits. */
export interface WrittenWeight {
  layer: Layer;
  fill: (bits: WeightBits) => void;
}

/**
 * Bits that a layer's weights take in their bytes: the target's fewer ones where its integer kernel multiplies them and may saturate,
 * all 8 where the product is computed in float or the kernel widens before it adds. What stands around a layer may keep it in float
 * too; `writeQdq` knows that.
 */
export function weightBits(
  { opType }: Pick<Layer, 'opType'>,
  grid: LayerGrid,
  { weight, limits, integerLstm }: Profile,
): WeightBits {
  if (grid === 'dynamic') return weight.bits;
  if (grid === 'uint8' || layerGrids[grid].activations !== 8) return 8;
  const isInteger = opType === 'LSTM' ? integerLstm : limits.kernels[opType] !== undefined;
  return isInteger ? weight.bits : 8;
}
