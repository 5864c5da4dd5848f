import type { ProfileName } from '../protocol';

/** What a target's integer kernels take; plain data, so that a new target is a new entry. */
export interface Profile {
  activation: { type: 'uint8' | 'int8'; symmetric: boolean };
  /** Weights are always int8 and symmetric: the paper's cost argument against affine weights. */
  weight: { type: 'int8' };
  /** TensorRT wants biases in float and folds them itself. */
  quantizeBias: boolean;
  /** Whether onnxruntime's own DynamicQuantizeLSTM is to be had there. */
  integerLstm: boolean;
  /** Whether tables and weights may be stored in int8 where the computing stays in float. */
  storedWeights: boolean;
}

export const profiles: Record<ProfileName, Profile> = {
  // Measured on onnxruntime with VNNI: uint8 × int8 is the only pair whose convolutions all run in integers.
  x86: {
    activation: { type: 'uint8', symmetric: false },
    weight: { type: 'int8' },
    quantizeBias: true,
    integerLstm: true,
    storedWeights: true,
  },
  arm: {
    activation: { type: 'int8', symmetric: false },
    weight: { type: 'int8' },
    quantizeBias: true,
    integerLstm: true,
    storedWeights: true,
  },
  tensorrt: {
    activation: { type: 'int8', symmetric: true },
    weight: { type: 'int8' },
    quantizeBias: false,
    integerLstm: false,
    storedWeights: false,
  },
};
