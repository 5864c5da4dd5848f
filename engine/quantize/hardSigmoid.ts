import type { NodeProto, TensorProto } from 'onnx-buf';
import { dropAttribute, floatAttribute, makeNode } from '../onnx/attributes';
import { makeTensor } from '../onnx/elements';
import type { Affine } from './affine';
import type { Stored } from './storedWeights';

/** The type of the activations around the operator. */
type Byte = 'uint8' | 'int8';

const lowest = { uint8: 0, int8: -128 } as const;

function zeroOf(type: Byte, zero: number): Uint8Array<ArrayBuffer> | Int8Array<ArrayBuffer> {
  return type === 'uint8' ? Uint8Array.of(zero) : Int8Array.of(zero);
}

/** The grid of a HardSigmoid's result: [0, 1], all of it. */
export function hardSigmoidGrid(type: Byte): Affine {
  const low = lowest[type];
  return { scale: Math.fround(1 / 255), zeroPoint: low, low, high: low + 255 };
}

interface Parts extends Stored {
  /** The dequantized result. */
  result: string;
}

/**
 * clip(αx + β, 0, 1) as an integer sum: x + β/α on a grid that ends at 0 and 1/α, which clips; then α comes in by reading
 * the same integers on a grid of [0, 1].
 */
function clippedSum(
  name: string,
  input: string,
  { alpha, beta }: { alpha: number; beta: number },
  type: Byte,
  fresh: (wish: string) => string,
): Parts {
  const constants: TensorProto[] = [];
  const grid = (part: string, scale: number, zero: number): [string, string] => {
    const names: [string, string] = [fresh(`${name}_${part}_scale`), fresh(`${name}_${part}_zero_point`)];
    constants.push(
      makeTensor(names[0], [], Float32Array.of(scale)),
      makeTensor(names[1], [], zeroOf(type, zero)),
    );
    return names;
  };
  const low = lowest[type];
  const part = (wish: string) => fresh(`${name}_${wish}`);
  const [shift, shifted, sum, integers, result] = [
    part('shift_quantized'),
    part('shift'),
    part('sum'),
    part('sum_quantized'),
    part('sigmoid'),
  ];
  // The constant is the highest code of its own grid, and so exact.
  constants.push(makeTensor(shift, [], zeroOf(type, low + 255)));
  const before = [
    makeNode(
      'DequantizeLinear',
      part('shift_DequantizeLinear'),
      [shift, ...grid('shift', beta / alpha / 255, low)],
      [shifted],
    ),
    makeNode('Add', part('Add'), [input, shifted], [sum]),
    makeNode(
      'QuantizeLinear',
      part('QuantizeLinear'),
      [sum, ...grid('sum', 1 / alpha / 255, low)],
      [integers],
    ),
    makeNode(
      'DequantizeLinear',
      part('DequantizeLinear'),
      [integers, ...grid('sigmoid', 1 / 255, low)],
      [result],
    ),
  ];
  return { before, after: [], constants, result };
}

/** Whether {@link makeIntegerHardSigmoid} can write the node: α and β have to be above 0, as they are by default. */
export function hasIntegerHardSigmoid(node: NodeProto): boolean {
  const [alpha, beta] = [floatAttribute(node, 'alpha', 0.2), floatAttribute(node, 'beta', 0.5)];
  return node.opType === 'HardSwish' || (node.opType === 'HardSigmoid' && alpha > 0 && beta > 0);
}

/**
 * Turns a HardSigmoid (ONNX operators) into integer nodes, in place: onnxruntime has no integer one, but an integer Add,
 * several times as fast as the way to floats and back. The node becomes the DequantizeLinear of its result, which is
 * on {@link hardSigmoidGrid}: it needs no pair behind it.
 * @param input the dequantized input
 * @param fresh hands out names for what is new
 */
export function makeIntegerHardSigmoid(
  node: NodeProto,
  input: string,
  type: Byte,
  fresh: (wish: string) => string,
): Stored {
  const [alpha, beta] = [floatAttribute(node, 'alpha', 0.2), floatAttribute(node, 'beta', 0.5)];
  const { before, constants } = clippedSum(node.name, input, { alpha, beta }, type, fresh);
  const last = before.pop();
  node.opType = 'DequantizeLinear';
  node.input = [...(last?.input ?? [])];
  for (const name of ['alpha', 'beta']) dropAttribute(node, name);
  return { before, after: [], constants };
}

/**
 * Turns a HardSwish, x · clip(x/6 + 1/2, 0, 1) (ONNX operators), into an integer sum and an integer product, in place.
 * The node becomes the Mul: its result needs a grid as any product's does.
 * @param input the dequantized input
 * @param fresh hands out names for what is new
 */
export function makeIntegerHardSwish(
  node: NodeProto,
  input: string,
  type: Byte,
  fresh: (wish: string) => string,
): Stored {
  const { before, constants, result } = clippedSum(
    node.name,
    input,
    { alpha: 1 / 6, beta: 0.5 },
    type,
    fresh,
  );
  node.opType = 'Mul';
  node.input = [input, result];
  return { before, after: [], constants };
}
