import type { GraphProto } from 'onnx-buf';
import { makeTensor } from '../onnx/tensors/elements';

/** Names of a constant in integers, of its scale, and of the floats that a DequantizeLinear makes of the two. */
export interface PlacedConstant {
  integers: string;
  scale: string;
  result: string;
}

/** Gives a placed constant its values, in place of those that it had. */
export function fillConstant(
  { initializer }: GraphProto,
  { integers, scale }: PlacedConstant,
  dims: readonly number[],
  values: Int8Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>,
  scaleDims: readonly number[],
  scales: Float32Array<ArrayBuffer>,
): void {
  for (const tensor of [makeTensor(integers, dims, values), makeTensor(scale, scaleDims, scales)]) {
    const at = initializer.findIndex(({ name }) => name === tensor.name);
    if (at < 0) initializer.push(tensor);
    else initializer[at] = tensor;
  }
}
