import type { OperatorForm, OperatorForms } from '../../onnx/layers/operators';
import type { LayerGrid, ProfileName } from '../../shared/protocol/choices';
import { onnxruntimeLimits, onnxruntimeX86Limits, tensorrtLimits, type TargetLimits } from './targetLimits';

/** What a target's integer kernels take; plain data, so that a new target is a new entry. */
export interface Profile {
  name: ProfileName;
  activation: { type: 'uint8' | 'int8'; symmetric: boolean };
  /** Weights are always int8 and symmetric: the paper's cost argument against affine weights. */
  weight: { type: 'int8'; bits: 7 | 8 };
  /** TensorRT wants biases in float and folds them itself. */
  quantizeBias: boolean;
  /** Whether onnxruntime's own DynamicQuantizeLSTM is to be had there. */
  integerLstm: boolean;
  /** Whether tables and weights may be stored in int8 where the computing stays in float. */
  storedWeights: boolean;
  /** Whether a transposed convolution has an integer form; where not, one without overlap becomes a convolution. */
  integerConvTranspose: boolean;
  /** How many channels its kernels for depthwise convolutions handle at once. */
  channelMultiple: number;
  /** Whether its convolutions have their channels last. */
  channelsLast: boolean;
  /** What it computes on integers between the layers. */
  operators: OperatorForms;
  /** What its layers may be on. */
  grids: readonly LayerGrid[];
  /** What it refuses or runs in float. */
  limits: TargetLimits;
}

const moves: Record<string, OperatorForm> = Object.fromEntries(
  'MaxPool ReduceMax Resize Transpose Reshape Flatten Squeeze Unsqueeze Slice Split Gather Expand Tile DepthToSpace'
    .split(' ')
    .map((opType) => [opType, 'same'] as const),
);

/** Measured on onnxruntime 1.30 by `test/bench/integerOperators.mjs`: what it fuses between DequantizeLinear and QuantizeLinear. */
const onnxruntimeOperators: OperatorForms = {
  forms: {
    ...moves,
    Add: 'own',
    Sub: 'own',
    Mul: 'own',
    Div: 'own',
    AveragePool: 'own',
    GlobalAveragePool: 'own',
    LeakyRelu: 'own',
    Sigmoid: 'own',
    Softmax: 'own',
    Where: 'own',
    Concat: 'join',
    Pad: 'fill',
  },
  rescalings: true,
};

const onnxruntimeCpu = {
  quantizeBias: true,
  integerLstm: true,
  storedWeights: true,
  integerConvTranspose: false,
  channelMultiple: 16,
  channelsLast: true,
  operators: onnxruntimeOperators,
  grids: ['int8', 'uint8', 'int16', 'int4', 'int4-block', 'dynamic', 'int8-weights'],
} satisfies Partial<Profile>;

export const profiles: Record<ProfileName, Profile> = {
  // Measured on onnxruntime with VNNI: uint8 × int8 is the only pair whose convolutions all run in integers.
  x86: {
    name: 'x86',
    activation: { type: 'uint8', symmetric: false },
    weight: { type: 'int8', bits: 8 },
    ...onnxruntimeCpu,
    limits: onnxruntimeX86Limits,
  },
  // Without VNNI, onnxruntime adds two products in 16 bits, where 255 · 127 · 2 saturates and 255 · 63 · 2 does not.
  'x86-avx2': {
    name: 'x86-avx2',
    activation: { type: 'uint8', symmetric: false },
    weight: { type: 'int8', bits: 7 },
    ...onnxruntimeCpu,
    limits: onnxruntimeX86Limits,
  },
  arm: {
    name: 'arm',
    activation: { type: 'int8', symmetric: false },
    weight: { type: 'int8', bits: 8 },
    ...onnxruntimeCpu,
    limits: onnxruntimeLimits,
  },
  // TensorRT's developer guide, "Working with Quantized Types": every zero point is 0, and the inputs of residual sums are
  // quantized so that the sums fuse with the convolutions before them.
  tensorrt: {
    name: 'tensorrt',
    activation: { type: 'int8', symmetric: true },
    weight: { type: 'int8', bits: 8 },
    quantizeBias: false,
    integerLstm: false,
    storedWeights: false,
    integerConvTranspose: true,
    channelMultiple: 1,
    channelsLast: false,
    operators: {
      forms: {
        ...Object.fromEntries(
          'MaxPool Resize Transpose Reshape Flatten Squeeze Unsqueeze Slice Split'
            .split(' ')
            .map((opType) => [opType, 'same'] as const),
        ),
        Add: 'own',
        AveragePool: 'own',
        GlobalAveragePool: 'own',
        Concat: 'same-join',
      },
      rescalings: false,
    },
    grids: ['int8'],
    limits: tensorrtLimits,
  },
};
