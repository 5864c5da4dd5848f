import { CONTRIB_DOMAIN } from './integerLstm';

/** Integers that a tensor may be quantized to. */
export type GridType = 'int4' | 'int8' | 'uint8' | 'int16' | 'uint16';

/**
 * The domain of the QuantizeLinear and DequantizeLinear that know a type at an operator set: the default one has 8 bits
 * from 10 on, and 4 and 16 bits from 21; before that onnxruntime's own take them (contrib operators,
 * "QuantizeLinear"), but know no blocks.
 */
export function quantizeDomain(type: GridType, opset: number): '' | typeof CONTRIB_DOMAIN {
  return opset >= 21 || type === 'int8' || type === 'uint8' ? '' : CONTRIB_DOMAIN;
}
