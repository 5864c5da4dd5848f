import type { GraphProto, NodeProto } from 'onnx-buf';
import type { GraphIndex } from '../graph/graphIndex';
import { isOnnx, isOnnxOrContrib, quantizedOperators, type LayerForm } from './quantizedOperators';
import { graphsWithin } from '../graph/scopes';
import { ownValue } from '../../shared/ownValue';

/** Operators that may stand between a weight and the product that reads it without making it another one. */
const views = new Set(['Transpose', 'Reshape', 'Identity', 'Squeeze', 'Unsqueeze', 'Cast', 'Flatten']);
const products = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'LSTM', 'GRU', 'RNN']);

/** Where the tensors of a model come from, those of its bodies included. */
export type Origins = Pick<GraphIndex, 'producer' | 'initializers'>;

/** The origins of a normalized graph's tensors: there, no two tensors share a name, whatever body they are in. */
export function originsWithin(main: GraphProto): Origins {
  const graphs = graphsWithin(main);
  return {
    producer: new Map(
      graphs.flatMap((g) => g.node.flatMap((n) => n.output.map((name) => [name, n] as const))),
    ),
    initializers: new Map(graphs.flatMap((g) => g.initializer.map((t) => [t.name, t] as const))),
  };
}

/** The DequantizeLinear that makes a tensor. */
function dequantizer(tensor: string, origins: Origins): NodeProto | undefined {
  const made = origins.producer.get(tensor);
  return made?.opType === 'DequantizeLinear' && isOnnxOrContrib(made) ? made : undefined;
}

/** Whether a tensor is a constant that is kept as integers, or rounded to them as training with quantization does. */
function isDequantizedConstant(tensor: string, origins: Origins): boolean {
  let name = tensor;
  // A damaged graph may run in a circle.
  for (let steps = 0; steps < 4; steps++) {
    const made = origins.producer.get(name);
    if (made === undefined || !views.has(made.opType)) break;
    name = made.input[0] ?? '';
  }
  const source = dequantizer(name, origins)?.input[0] ?? '';
  if (origins.initializers.has(source)) return true;
  const rounded = origins.producer.get(source);
  return rounded?.opType === 'QuantizeLinear' && origins.initializers.has(rounded.input[0] ?? '');
}

/**
 * In which form a product of the graph is quantized already; `null` for a float product and for what is none.
 * A product is `qdq` when onnxruntime can compute it on integers: all it multiplies comes from DequantizeLinear.
 */
export function alreadyQuantized(node: NodeProto, origins: Origins): LayerForm | null {
  const operator = ownValue(quantizedOperators, node.opType);
  if (operator?.product === true && isOnnxOrContrib(node)) return operator.form;
  if (!products.has(node.opType) || !isOnnx(node)) return null;
  const [a = '', b = ''] = node.input;
  const input = dequantizer(a, origins);
  if (isDequantizedConstant(b, origins)) {
    if (input === undefined) return 'weight-only';
    return origins.producer.get(input.input[0] ?? '')?.opType === 'DynamicQuantizeLinear' ? 'dynamic' : 'qdq';
  }
  return input !== undefined && dequantizer(b, origins) !== undefined ? 'qdq' : null;
}
