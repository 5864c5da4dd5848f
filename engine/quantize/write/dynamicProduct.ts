import type { NodeProto, TensorProto } from 'onnx-buf';
import { dropAttribute, makeNode } from '../../onnx/graph/attributes';
import { makeTensor } from '../../onnx/tensors/elements';
import type { Stored } from './storedWeights';
import { quantizeWeight, unsignedCodes, UNSIGNED_ZERO, type WeightBits } from '../weights';

export interface DynamicProduct {
  /** A scale for each output, or one for all. */
  perColumn: boolean;
  /** Whether the weight is stored as [outputs, inputs], as a Gemm with `transB` has it. */
  transposed: boolean;
  bits: WeightBits;
  /** Whether to store weights as uint8 with zero point 128; see {@link unsignedCodes}. */
  unsigned: boolean;
}

/** The integers of a matrix, of [inputs, outputs] whichever way it was stored. */
function columnsOf(
  weight: TensorProto,
  { perColumn, transposed, bits }: DynamicProduct,
): { values: Int8Array<ArrayBuffer>; dims: number[]; scales: Float32Array<ArrayBuffer> } {
  const outputAxis = transposed ? 0 : weight.dims.length - 1;
  const { values, dims, scales } = quantizeWeight(weight, perColumn ? outputAxis : null, undefined, bits);
  if (!transposed) return { values, dims, scales };
  const [outputs = 1, inputs = 1] = dims;
  const turned = Int8Array.from(
    { length: values.length },
    (_, i) => values[(i % outputs) * inputs + Math.floor(i / outputs)] ?? 0,
  );
  return { values: turned, dims: [inputs, outputs], scales };
}

/**
 * Turns a MatMul or Gemm by a constant weight, in place, into one that quantizes its input as it runs, to uint8 by
 * the least and largest value of each input tensor (ONNX operators, "DynamicQuantizeLinear", "MatMulInteger"). It
 * needs no calibration. onnxruntime fuses the nodes to DynamicQuantizeMatMul.
 * @param node a MatMul, or a Gemm without `transA`, `alpha` and `beta`, whose second input is the weight
 * @param weight a float matrix, or for a MatMul a stack of matrices, which have one scale
 * @param fresh hands out names for what is new
 */
export function makeDynamicProduct(
  node: NodeProto,
  weight: TensorProto,
  product: DynamicProduct,
  fresh: (wish: string) => string,
): Stored {
  const stacked = weight.dims.length > 2;
  const { values, dims, scales } = columnsOf(weight, {
    ...product,
    perColumn: product.perColumn && !stacked,
  });
  const [x = '', , bias = ''] = node.input;
  const [y = ''] = node.output;
  const [integers, inputScale, inputZero, sums, cast, scale] = [
    fresh(`${x}_quantized`),
    fresh(`${x}_scale`),
    fresh(`${x}_zero_point`),
    fresh(`${y}_integer`),
    fresh(`${y}_cast`),
    fresh(`${y}_scale`),
  ];
  const [q, weightScale, weightZero] = [
    fresh(`${weight.name}_quantized`),
    fresh(`${weight.name}_scale`),
    fresh(`${weight.name}_zero_point`),
  ];
  const scaleDims = product.perColumn && !stacked ? [scales.length] : [];
  const zeros = product.unsigned
    ? new Uint8Array(scales.length).fill(UNSIGNED_ZERO)
    : new Int8Array(scales.length);
  const constants = [
    makeTensor(q, dims, product.unsigned ? unsignedCodes(values) : values),
    makeTensor(weightScale, scaleDims, scales),
    makeTensor(weightZero, scaleDims, zeros),
  ];
  const named = (opType: string) => fresh(`${node.name}_${opType}`);
  const before = [
    makeNode('DynamicQuantizeLinear', named('DynamicQuantizeLinear'), [x], [integers, inputScale, inputZero]),
  ];
  const scaled = bias === '' ? y : fresh(`${y}_product`);
  const after = [
    makeNode('Cast', named('Cast'), [sums], [cast], { to: 1 }),
    makeNode('Mul', named('Scale'), [inputScale, weightScale], [scale]),
    makeNode('Mul', named('Mul'), [cast, scale], [scaled]),
    ...(bias === '' ? [] : [makeNode('Add', named('Add'), [scaled, bias], [y])]),
  ];
  node.opType = 'MatMulInteger';
  node.input = [integers, q, inputZero, weightZero];
  node.output = [sums];
  for (const name of ['transA', 'transB', 'alpha', 'beta']) dropAttribute(node, name);
  return { before, after, constants };
}
