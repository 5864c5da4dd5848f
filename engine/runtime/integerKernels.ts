/** What an operator needs between DequantizeLinear and QuantizeLinear to become an integer one in onnxruntime. */
export interface IntegerKernel {
  /** Index of the input whose values are constant weights. */
  weight?: number;
  /** Index of the input that has to be int32. */
  bias?: number;
  /**
   * `integer`: all that read the result quantize it; `any`: floats will do as well; `same`: the values only move, so
   * that they stay on the input's grid.
   */
  result: 'integer' | 'any' | 'same';
}

/** Operators with an integer form on the CPU (onnxruntime, "qdq_selector_action_transformer.cc"), by their float names. */
export const integerKernels: Readonly<Record<string, IntegerKernel | undefined>> = {
  Conv: { weight: 1, bias: 2, result: 'integer' },
  MatMul: { weight: 1, result: 'any' },
  Gemm: { weight: 1, bias: 2, result: 'any' },
  Add: { result: 'integer' },
  Mul: { result: 'integer' },
  AveragePool: { result: 'integer' },
  GlobalAveragePool: { result: 'integer' },
  LeakyRelu: { result: 'integer' },
  Sigmoid: { result: 'integer' },
  Softmax: { result: 'integer' },
  Where: { result: 'integer' },
  MaxPool: { result: 'same' },
  Resize: { result: 'same' },
};

const fusedFrom: Readonly<Record<string, string | undefined>> = {
  FusedConv: 'Conv',
  FusedMatMul: 'MatMul',
  FusedGemm: 'Gemm',
};

/** The operator that a fused one was made of; any other is itself. */
export function unfused(opType: string): string {
  return fusedFrom[opType] ?? opType;
}
