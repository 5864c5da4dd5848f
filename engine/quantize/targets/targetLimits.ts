import { integerKernels, type IntegerKernel } from '../../onnx/layers/integerKernels';

/** What a target's program refuses, what it computes in float, and which of its integer forms are slow; plain data. */
export interface TargetLimits {
  /** The program that runs the model there. */
  program: string;
  /** Newest operator set of ONNX that it reads. */
  highestOpset: number;
  /** Domains whose operators it has. */
  domains: readonly string[];
  /** Operators of ONNX that it lacks. */
  refusedOperators: ReadonlySet<string>;
  /** Types that may stand between its QuantizeLinear and DequantizeLinear. */
  quantizedTypes: readonly string[];
  /** Whether zero points other than 0 are taken. */
  zeroPoints: boolean;
  /** Operators that become integer ones between DequantizeLinear and QuantizeLinear. */
  kernels: Readonly<Record<string, IntegerKernel | undefined>>;
  /** Whether a bias has to come as int32; where not, it comes in float. */
  integerBias: boolean;
  /** Whether it quantizes the float weights of what stands between integers by itself. */
  quantizesFloatWeights: boolean;
  /** Whether a Relu or Clip becomes part of what it stands behind, wherever its grid ends. */
  fusesClips: boolean;
  /** Types of activations, by operator, where not all are taken. */
  activationTypes: Readonly<Record<string, readonly string[] | undefined>>;
  /** How many times as long as in float the integer form took where that was measured, and when. */
  slow: Readonly<Record<string, { times: number; where: string } | undefined>>;
}

const words = (text: string): string[] => text.split(' ');

/** onnxruntime 1.30, loaded with models of operator sets 21 to 28; its types by "qdq_selectors.cc". */
export const onnxruntimeLimits: TargetLimits = {
  program: 'onnxruntime',
  highestOpset: 26,
  domains: ['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft'],
  refusedOperators: new Set(),
  quantizedTypes: words('uint8 int8 uint16 int16 uint4 int4 int32'),
  zeroPoints: true,
  kernels: integerKernels,
  integerBias: true,
  quantizesFloatWeights: true,
  fusesClips: false,
  activationTypes: {},
  slow: {},
};

const unsigned = ['uint8'];

/**
 * On x86 the same selectors take int8 activations for Gemm and MatMul without a quantized result only; slow operators
 * were measured by `test/bench/integerOperators.mjs`.
 */
export const onnxruntimeX86Limits: TargetLimits = {
  ...onnxruntimeLimits,
  activationTypes: { Conv: unsigned, Add: unsigned, Mul: unsigned },
  slow: {
    AveragePool: { times: 6.6, where: 'on 8-bit images' },
    Softmax: { times: 6, where: 'along the last axis' },
    LeakyRelu: { times: 1.5, where: 'on its own' },
  },
};

/**
 * TensorRT 8.5 to 11: "ONNX Opset Guide" for operator sets, "Working with Quantized Types" for types and zero points,
 * onnx-tensorrt's docs/operators.md for operators. Its DequantizeLinear takes no int32, so biases stay float
 * (microsoft/onnxruntime#14229).
 */
export const tensorrtLimits: TargetLimits = {
  program: 'TensorRT',
  highestOpset: 25,
  domains: ['', 'ai.onnx'],
  refusedOperators: new Set(
    words(
      'Bernoulli BitShift Compress ConcatFromSequence ConvInteger Det DynamicQuantizeLinear MatMulInteger MaxRoiPool MaxUnpool MelWeightMatrix Multinomial NegativeLogLikelihoodLoss Optional OptionalGetElement OptionalHasElement QLinearConv QLinearMatMul SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SequenceMap SoftmaxCrossEntropyLoss SplitToSequence StringNormalizer TfIdfVectorizer Unique',
    ),
  ),
  quantizedTypes: words('int8 int4 float8e4m3fn'),
  zeroPoints: false,
  kernels: {
    Conv: { weight: 1, bias: 2, result: 'any' },
    ConvTranspose: { weight: 1, bias: 2, result: 'any' },
    MatMul: { weight: 1, result: 'any' },
    Gemm: { weight: 1, bias: 2, result: 'any' },
    Add: { result: 'integer' },
    AveragePool: { result: 'integer' },
    GlobalAveragePool: { result: 'integer' },
    MaxPool: { result: 'same' },
    Resize: { result: 'same' },
  },
  integerBias: false,
  quantizesFloatWeights: false,
  fusesClips: true,
  activationTypes: {},
  slow: {},
};
