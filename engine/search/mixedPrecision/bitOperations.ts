import type { LayerChoice } from '../../shared/protocol/choices';

/** Bits of weights and of what they are multiplied with, as the runtime multiplies them. */
const operandBits: Readonly<Record<LayerChoice, readonly [weights: number, activations: number]>> = {
  int8: [8, 8],
  uint8: [8, 8],
  dynamic: [8, 8],
  int16: [8, 16],
  int4: [4, 8],
  'int4-block': [4, 8],
  // What is stored small and widened before it is multiplied saves bytes, and no operations.
  'int8-weights': [32, 32],
  float: [32, 32],
  float16: [32, 32],
};

/**
 * Bit operations of a layer: multiply-adds × weight bits × activation bits (HAWQ-V3, arXiv 2011.10680, section 3.4), the measure of
 * cost that knows no machine.
 */
export function bitOperations(multiplyAdds: number, choice: LayerChoice): number {
  const [weights, activations] = operandBits[choice];
  return multiplyAdds * weights * activations;
}

/** Bits that a layer's weights are multiplied in. */
export function weightBits(choice: LayerChoice): number {
  return operandBits[choice][0];
}
