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
  /** The only value of its attribute `mode` that has an integer form. */
  mode?: string;
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
  ReduceMax: { result: 'same' },
  DepthToSpace: { result: 'same' },
  Resize: { result: 'same', mode: 'nearest' },
};

/** Operators that only move values or change their form or grid. They compute nothing, whatever type they work on. */
export const conversionTypes: ReadonlySet<string> = new Set(
  'QuantizeLinear DequantizeLinear DynamicQuantizeLinear ReorderInput ReorderOutput Cast Concat ConstantOfShape Expand Flatten Gather Identity Range Reshape Shape Size Slice Split Squeeze Tile Transpose Unsqueeze'.split(
    ' ',
  ),
);

/** Through these onnxruntime carries a DequantizeLinear forward and a QuantizeLinear back ("qdq_propagation.cc"). */
export const carriersOfGrids: ReadonlySet<string> = new Set(
  'MaxPool Reshape Transpose Squeeze Unsqueeze Slice'.split(' '),
);
