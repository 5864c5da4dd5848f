import { TensorProto_DataType, type NodeProto, type TensorProto } from 'onnx-buf';
import { originsWithin, type Origins } from '../onnx/layers/quantizedOrigin';
import { intAttribute } from '../onnx/graph/attributes';
import { rawBytes } from '../onnx/tensors/elements';
import type { Model } from '../onnx/graph/model';
import { readIntegers } from '../onnx/tensors/readIntegers';
import { graphsWithin } from '../onnx/graph/scopes';
import { accumulatorOverflow, type Overflow } from './accumulator';
import type { Affine } from './affine';

export interface LayerOverflow extends Overflow {
  layer: string;
  opType: string;
}

/** Fewer weights in one sum than this cannot leave 32 bits: 255 · 127 · 66,311 < 2³¹, with room for the bias. */
const LEAST_TERMS = 2 ** 15;

const grids = new Map<number, Pick<Affine, 'low' | 'high'>>([
  [TensorProto_DataType.UINT8, { low: 0, high: 255 }],
  [TensorProto_DataType.INT8, { low: -128, high: 127 }],
]);

/**
 * Layers of a model with QuantizeLinear and DequantizeLinear whose sums of 8-bit products may leave the 32 bits of an integer
 * kernel, by {@link accumulatorOverflow}.
 */
export function findOverflows({ graph }: Model): LayerOverflow[] {
  const origins = originsWithin(graph);
  return graphsWithin(graph).flatMap((g) =>
    g.node.flatMap((node) => {
      const overflow = overflowOf(node, origins);
      return overflow === null ? [] : [{ ...overflow, layer: node.name, opType: node.opType }];
    }),
  );
}

function outputAxis(node: NodeProto, weight: TensorProto): number | undefined {
  if (node.opType === 'Conv') return 0;
  if (node.opType === 'ConvTranspose') return 1;
  if (node.opType === 'Gemm') return intAttribute(node, 'transB', 0) === 1 ? 0 : 1;
  return node.opType === 'MatMul' ? weight.dims.length - 1 : undefined;
}

function overflowOf(node: NodeProto, { producer, initializers }: Origins): Overflow | null {
  const constantOf = (tensor: string | undefined, i: number) => {
    const made = producer.get(tensor ?? '');
    return made?.opType === 'DequantizeLinear' ? initializers.get(made.input[i] ?? '') : undefined;
  };
  const [weight, weightZero] = [constantOf(node.input[1], 0), constantOf(node.input[1], 2)];
  const zero = constantOf(node.input[0], 2);
  const ends = grids.get(zero?.dataType ?? 0);
  if (weight === undefined || zero === undefined || ends === undefined || !grids.has(weight.dataType))
    return null;
  const axis = outputAxis(node, weight);
  const dims = weight.dims.map(Number);
  const count = dims.reduce((a, b) => a * b, 1);
  if (axis === undefined || count / (dims[axis] ?? 1) < LEAST_TERMS) return null;
  const bytes = rawBytes(weight);
  const codes =
    weight.dataType === (TensorProto_DataType.INT8 as number) ? new Int8Array(bytes) : new Uint8Array(bytes);
  const add = node.opType === 'MatMul' ? undefined : constantOf(node.input[2], 0);
  const [zeroPoint = 0] = readIntegers(zero) ?? [];
  return accumulatorOverflow({
    ...{ codes, dims, axis, weightZero: (weightZero && readIntegers(weightZero)?.[0]) ?? 0 },
    activation: { scale: 1, zeroPoint, ...ends },
    bias: (add && readIntegers(add)) ?? null,
  });
}
