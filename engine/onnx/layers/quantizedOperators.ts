import type { NodeProto } from 'onnx-buf';

/** How one product is quantized. */
export type LayerForm = 'qdq' | 'qoperator' | 'dynamic' | 'weight-only';

/** Where an operator has a quantized tensor: indices of its inputs; `output` for what it makes. */
export interface Place {
  kind: 'activation' | 'weight';
  tensor: number | 'output';
  scale?: number;
  zeroPoint?: number;
}

interface QuantizedOperator {
  form: LayerForm;
  /** Whether it is one of the products that count as layers. */
  product: boolean;
  places: Place[];
}

const place = (kind: Place['kind'], tensor: Place['tensor'], scale?: number, zeroPoint?: number): Place => ({
  kind,
  tensor,
  ...(scale === undefined ? {} : { scale }),
  ...(zeroPoint === undefined ? {} : { zeroPoint }),
});
const one = (form: LayerForm, product: boolean, ...places: Place[]): QuantizedOperator => ({
  form,
  product,
  places,
});
const unary = one('qoperator', false, place('activation', 0, 1, 2), place('activation', 'output', 3, 4));
const binary = one(
  'qoperator',
  false,
  place('activation', 0, 1, 2),
  place('activation', 3, 4, 5),
  place('activation', 'output', 6, 7),
);

/** Operators that compute on integers or unpack weights themselves (ONNX operators; onnxruntime "Contrib operators"). */
export const quantizedOperators: Record<string, QuantizedOperator | undefined> = {
  QLinearConv: one(
    'qoperator',
    true,
    place('activation', 0, 1, 2),
    place('weight', 3, 4, 5),
    place('activation', 'output', 6, 7),
  ),
  QLinearMatMul: one(
    'qoperator',
    true,
    place('activation', 0, 1, 2),
    place('weight', 3, 4, 5),
    place('activation', 'output', 6, 7),
  ),
  QGemm: one(
    'qoperator',
    true,
    place('activation', 0, 1, 2),
    place('weight', 3, 4, 5),
    place('activation', 'output', 7, 8),
  ),
  QAttention: one('qoperator', true, place('activation', 0, 3, 6), place('weight', 1, 4, 7)),
  QLinearAdd: binary,
  QLinearMul: binary,
  QLinearAveragePool: unary,
  QLinearGlobalAveragePool: unary,
  QLinearLeakyRelu: unary,
  QLinearSigmoid: unary,
  QLinearSoftmax: unary,
  QLinearConcat: one('qoperator', false, place('activation', 'output', 0, 1)),
  ConvInteger: one('dynamic', true, place('weight', 1, undefined, 3)),
  MatMulInteger: one('dynamic', true, place('weight', 1, undefined, 3)),
  MatMulIntegerToFloat: one('dynamic', true, place('weight', 1, 3, 5)),
  DynamicQuantizeMatMul: one('dynamic', true, place('activation', 0), place('weight', 1, 2, 3)),
  DynamicQuantizeLSTM: one(
    'dynamic',
    true,
    place('activation', 0),
    place('weight', 1, 8, 9),
    place('weight', 2, 10, 11),
  ),
  DynamicQuantizeLinear: one('dynamic', false, place('activation', 0)),
  MatMulNBits: one('weight-only', true, place('weight', 1, 2, 3)),
  MatMulBnb4: one('weight-only', true, place('weight', 1, 2)),
  GatherBlockQuantized: one('weight-only', false, place('weight', 0, 2, 3)),
};

export function isOnnx({ domain }: NodeProto): boolean {
  return domain === '' || domain === 'ai.onnx';
}

/** Whether a node is of ONNX's own operators or of onnxruntime's. */
export function isOnnxOrContrib(node: NodeProto): boolean {
  return isOnnx(node) || node.domain === 'com.microsoft';
}
