import type { NodeProto } from 'onnx-buf';
import type { GraphIndex } from './graphIndex';
import { isOnnx, isOnnxOrContrib, quantizedOperators, type LayerForm } from './quantizedOperators';

/** Operators that may stand between a weight and the product that reads it without making it another one. */
const views = new Set(['Transpose', 'Reshape', 'Identity', 'Squeeze', 'Unsqueeze', 'Cast', 'Flatten']);
const products = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'LSTM', 'GRU', 'RNN']);

/** The DequantizeLinear that makes a tensor. */
function dequantizer(tensor: string, index: GraphIndex): NodeProto | undefined {
  const made = index.producer.get(tensor);
  return made?.opType === 'DequantizeLinear' && isOnnxOrContrib(made) ? made : undefined;
}

/** Whether a tensor is a constant that is kept as integers, or rounded to them as training with quantization does. */
function isDequantizedConstant(tensor: string, index: GraphIndex): boolean {
  let name = tensor;
  // A damaged graph may run in a circle.
  for (let steps = 0; steps < 4; steps++) {
    const made = index.producer.get(name);
    if (made === undefined || !views.has(made.opType)) break;
    name = made.input[0] ?? '';
  }
  const source = dequantizer(name, index)?.input[0] ?? '';
  if (index.initializers.has(source)) return true;
  const rounded = index.producer.get(source);
  return rounded?.opType === 'QuantizeLinear' && index.initializers.has(rounded.input[0] ?? '');
}

/**
 * In which form a product of the graph is quantized already; `null` for a float product and for what is none.
 * A product is `qdq` when onnxruntime can compute it on integers: all it multiplies comes from DequantizeLinear.
 */
export function alreadyQuantized(node: NodeProto, index: GraphIndex): LayerForm | null {
  const operator = quantizedOperators[node.opType];
  if (operator?.product === true && isOnnxOrContrib(node)) return operator.form;
  if (!products.has(node.opType) || !isOnnx(node)) return null;
  const [a = '', b = ''] = node.input;
  const input = dequantizer(a, index);
  if (isDequantizedConstant(b, index)) {
    if (input === undefined) return 'weight-only';
    return index.producer.get(input.input[0] ?? '')?.opType === 'DynamicQuantizeLinear' ? 'dynamic' : 'qdq';
  }
  return input !== undefined && dequantizer(b, index) !== undefined ? 'qdq' : null;
}
