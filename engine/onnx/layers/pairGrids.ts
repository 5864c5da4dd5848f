import type { NodeProto, TensorProto } from 'onnx-buf';
import { elementTypeName, rawBytes } from '../tensors/elements';

type Constants = ReadonlyMap<string, TensorProto>;

/** The integer type of a QuantizeLinear or DequantizeLinear. */
export function integerTypeOf({ input }: NodeProto, constants: Constants): string {
  const typed = constants.get(input[2] ?? '') ?? constants.get(input[0] ?? '');
  return typed === undefined ? 'uint8' : elementTypeName(typed.dataType);
}

/** What tells the grid of a QuantizeLinear or DequantizeLinear from others: the same text for the same scales and zeros. */
export function gridKeyOf({ input }: NodeProto, constants: Constants): string {
  return [input[1], input[2]]
    .map((name) => {
      const tensor = constants.get(name ?? '');
      if (tensor === undefined) return name;
      return [...rawBytes(tensor), ...tensor.floatData, ...tensor.int32Data].join(',');
    })
    .join('/');
}
