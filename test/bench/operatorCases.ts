// The operators that test/bench/integerOperators.mjs measures.
import { TensorProto_DataType, type NodeProto } from 'onnx-buf';
import { makeTensor } from '../../engine/onnx/tensors/elements';
import { int64, node, noisy, type TinyModel } from '../engine/tinyModel';

export interface Grid {
  scale: number;
  zeroPoint: number;
}

export interface Operator {
  /** Shapes of `a`, `b`, …, which are on uint8 grids. */
  inputs: number[][];
  /** From `a`, `b`, … to `y` (and `z`). */
  nodes: NodeProto[];
  outputs?: string[];
  /** Constant weights on an int8 grid with one scale, and int32 biases. */
  weights?: Record<string, [dims: number[], values: Float32Array]>;
  biases?: Record<string, [dims: number[], values: Float32Array]>;
  /** Constants on a uint8 grid. */
  unsigned?: Record<string, [dims: number[], values: Float32Array]>;
  constants?: TinyModel['constants'];
  opset?: number;
  /** Tensors between its nodes that are on uint8 grids too. */
  inner?: string[];
  /** The output's own grid, where the usual one does not fit. */
  grid?: Grid;
  /** The result is integer anyway, as ArgMax's. */
  plainResult?: boolean;
}

const image = [1, 64, 56, 56];
const tokens = [1, 196, 384];
export const inputGrid: Grid = { scale: 1 / 64, zeroPoint: 128 };
export const otherGrid: Grid = { scale: 1 / 50, zeroPoint: 120 };
const unitGrid: Grid = { scale: 1 / 256, zeroPoint: 0 };
const fromZero: Grid = { scale: 1 / 50, zeroPoint: 0 };
export const letters = ['a', 'b', 'c'];

const f = (float: number) => ({ float });
const scalar = (value: number): [number[], number[]] => [[], [value]];

function unary(
  opType: string,
  attributes: Parameters<typeof node>[3] = {},
  more: Partial<Operator> = {},
): Operator {
  return { inputs: [image], nodes: [node(opType, ['a'], 'y', attributes)], ...more };
}

function binary(opType: string, second = image, more: Partial<Operator> = {}): Operator {
  return { inputs: [image, second], nodes: [node(opType, ['a', 'b'], 'y')], ...more };
}

/** An operator whose other inputs are constants. */
function fixed(
  opType: string,
  constants: NonNullable<TinyModel['constants']>,
  attributes: Parameters<typeof node>[3] = {},
  more: Partial<Operator> = {},
): Operator {
  const input = ['a', ...Object.keys(constants)];
  return { inputs: [image], nodes: [node(opType, input, 'y', attributes)], constants, ...more };
}

function resize(attributes: Parameters<typeof node>[3]): Operator {
  const twice: [number[], number[]] = [[4], [1, 1, 2, 2]];
  return {
    inputs: [image],
    nodes: [node('Resize', ['a', '', 's'], 'y', attributes)],
    constants: { s: twice },
  };
}

const between = 'between convolutions: ';

/** The operator between two convolutions, on whose layout it may run; `null` for the two alone. */
function chain(middle: NodeProto[] | null, more: Partial<Operator> = {}): Operator {
  const pointwise = (from: string, weight: string, to: string) => node('Conv', [from, weight], to);
  const read = middle === null ? 'c' : 'd';
  return {
    inputs: [image],
    nodes: [pointwise('a', 'w', 'c'), ...(middle ?? []), pointwise(read, 'v', 'y')],
    weights: { w: noisy([64, 64, 1, 1], 3, 0.1), v: noisy([64, 64, 1, 1], 4, 0.1) },
    inner: middle === null ? ['c'] : ['c', 'd'],
    ...more,
  };
}

export const operators: Record<string, Operator> = {
  Conv: {
    inputs: [image],
    nodes: [node('Conv', ['a', 'w', 'bias'], 'y', { pads: [1, 1, 1, 1] })],
    weights: { w: noisy([64, 64, 3, 3], 3, 0.05) },
    biases: { bias: noisy([64], 4) },
  },
  'Conv + Relu': {
    inputs: [image],
    nodes: [node('Conv', ['a', 'w', 'bias'], 'c', { pads: [1, 1, 1, 1] }), node('Relu', ['c'], 'y')],
    weights: { w: noisy([64, 64, 3, 3], 3, 0.05) },
    biases: { bias: noisy([64], 4) },
    grid: fromZero,
  },
  'Conv depthwise': {
    inputs: [image],
    nodes: [node('Conv', ['a', 'w', 'bias'], 'y', { pads: [1, 1, 1, 1], group: 64 })],
    weights: { w: noisy([64, 1, 3, 3], 3, 0.3) },
    biases: { bias: noisy([64], 4) },
  },
  ConvTranspose: {
    inputs: [image],
    nodes: [node('ConvTranspose', ['a', 'w', 'bias'], 'y', { strides: [2, 2] })],
    weights: { w: noisy([64, 32, 2, 2], 3, 0.1) },
    biases: { bias: noisy([32], 4) },
  },
  MatMul: {
    inputs: [tokens],
    nodes: [node('MatMul', ['a', 'w'], 'y')],
    weights: { w: noisy([384, 384], 3, 0.05) },
  },
  'MatMul of activations': {
    inputs: [
      [1, 6, 196, 64],
      [1, 6, 64, 196],
    ],
    nodes: [node('MatMul', ['a', 'b'], 'y')],
  },
  'Conv, int8 weights': {
    inputs: [image],
    nodes: [node('Conv', ['a', 'w'], 'y', { pads: [1, 1, 1, 1] })],
    weights: { w: noisy([64, 64, 3, 3], 3, 0.05) },
  },
  'Conv, uint8 weights': {
    inputs: [image],
    nodes: [node('Conv', ['a', 'u'], 'y', { pads: [1, 1, 1, 1] })],
    unsigned: { u: noisy([64, 64, 3, 3], 3) },
  },
  'Conv depthwise, uint8 weights': {
    inputs: [image],
    nodes: [node('Conv', ['a', 'u'], 'y', { pads: [1, 1, 1, 1], group: 64 })],
    unsigned: { u: noisy([64, 1, 3, 3], 3) },
  },
  'MatMul, uint8 weights': {
    inputs: [tokens],
    nodes: [node('MatMul', ['a', 'u'], 'y')],
    unsigned: { u: noisy([384, 384], 3) },
  },
  'Gemm, uint8 weights': {
    inputs: [[196, 384]],
    nodes: [node('Gemm', ['a', 'u'], 'y', { transB: 1 })],
    unsigned: { u: noisy([384, 384], 3) },
  },
  Gemm: {
    inputs: [[196, 384]],
    nodes: [node('Gemm', ['a', 'w', 'bias'], 'y', { transB: 1 })],
    weights: { w: noisy([384, 384], 3, 0.05) },
    biases: { bias: noisy([384], 4) },
  },
  Add: binary('Add'),
  'Add of a float constant': fixed('Add', { k: noisy([1, 64, 1, 1], 5) }),
  'Add of an int8 constant': {
    inputs: [image],
    nodes: [node('Add', ['a', 'w'], 'y')],
    weights: { w: noisy([1, 64, 1, 1], 5) },
  },
  'Add of a uint8 constant': {
    inputs: [image],
    nodes: [node('Add', ['a', 'u'], 'y')],
    unsigned: { u: noisy([1, 64, 1, 1], 5) },
  },
  'Mul by a uint8 constant': {
    inputs: [image],
    nodes: [node('Mul', ['a', 'u'], 'y')],
    unsigned: { u: noisy([1, 64, 1, 1], 5) },
  },
  'Mul by one uint8 number': {
    inputs: [image],
    nodes: [node('Mul', ['a', 'u'], 'y')],
    unsigned: { u: noisy([], 5) },
  },
  Sub: binary('Sub'),
  Mul: binary('Mul'),
  'Mul by [1,64,1,1]': binary('Mul', [1, 64, 1, 1]),
  Div: binary('Div', image, { grid: { scale: 1 / 8, zeroPoint: 128 } }),
  Concat: {
    inputs: [image, image],
    nodes: [node('Concat', ['a', 'b'], 'y', { axis: 1 })],
  },
  MaxPool: unary('MaxPool', { kernel_shape: [2, 2], strides: [2, 2] }),
  AveragePool: unary('AveragePool', { kernel_shape: [2, 2], strides: [2, 2] }),
  GlobalAveragePool: unary('GlobalAveragePool'),
  ReduceMean: unary('ReduceMean', { axes: [2, 3] }),
  'Resize nearest': resize({ mode: 'nearest' }),
  'Resize nearest, asymmetric': resize({
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  }),
  'Resize linear': resize({ mode: 'linear' }),
  Relu: unary('Relu'),
  'Relu onto a grid from 0': unary('Relu', {}, { grid: fromZero }),
  'Clip [0, 2] onto its grid': fixed(
    'Clip',
    { low: scalar(0), high: scalar(2) },
    {},
    { grid: { scale: 2 / 255, zeroPoint: 0 } },
  ),
  'Add + Relu onto a grid from 0': {
    inputs: [image, image],
    nodes: [node('Add', ['a', 'b'], 'c'), node('Relu', ['c'], 'y')],
    grid: fromZero,
  },
  Clip: fixed('Clip', { low: scalar(0), high: scalar(1.5) }),
  LeakyRelu: unary('LeakyRelu', { alpha: f(0.1) }),
  PRelu: fixed('PRelu', { k: noisy([64, 1, 1], 5) }),
  Sigmoid: unary('Sigmoid', {}, { grid: unitGrid }),
  HardSigmoid: unary('HardSigmoid', {}, { grid: unitGrid }),
  HardSwish: unary('HardSwish'),
  'Softmax, last axis': unary('Softmax', { axis: -1 }, { inputs: [[1, 6, 196, 196]], grid: unitGrid }),
  'Softmax, axis 1': unary('Softmax', { axis: 1 }, { grid: unitGrid }),
  Tanh: unary('Tanh', {}, { grid: { scale: 1 / 128, zeroPoint: 128 } }),
  Erf: unary('Erf', {}, { grid: { scale: 1 / 128, zeroPoint: 128 } }),
  Gelu: unary('Gelu', {}, { opset: 20 }),
  Pow: fixed('Pow', { k: scalar(2) }),
  Sqrt: unary('Sqrt'),
  Exp: unary('Exp', {}, { grid: { scale: 1 / 32, zeroPoint: 0 } }),
  LayerNormalization: {
    inputs: [tokens],
    nodes: [node('LayerNormalization', ['a', 'k', 'j'], 'y', { axis: -1 })],
    constants: { k: noisy([384], 5), j: noisy([384], 6) },
  },
  InstanceNormalization: {
    inputs: [image],
    nodes: [node('InstanceNormalization', ['a', 'k', 'j'], 'y')],
    constants: { k: noisy([64], 5), j: noisy([64], 6) },
  },
  Where: {
    inputs: [image, image],
    nodes: [node('Where', ['k', 'a', 'b'], 'y')],
    constants: {
      k: Object.assign(
        makeTensor(
          'k',
          [56, 56],
          Uint8Array.from({ length: 56 * 56 }, (_, i) => i % 2),
        ),
        {
          dataType: TensorProto_DataType.BOOL,
        },
      ),
    },
  },
  Pad: fixed('Pad', { k: int64('k', [0, 0, 1, 1, 0, 0, 1, 1]) }),
  'Pad reflect': fixed('Pad', { k: int64('k', [0, 0, 1, 1, 0, 0, 1, 1]) }, { mode: 'reflect' }),
  Slice: fixed('Slice', { s: int64('s', [0]), e: int64('e', [32]), x: int64('x', [1]) }),
  Gather: fixed(
    'Gather',
    {
      k: int64(
        'k',
        Array.from({ length: 32 }, (_, i) => i),
      ),
    },
    { axis: 1 },
  ),
  Split: {
    inputs: [image],
    nodes: [node('Split', ['a'], ['y', 'z'], { axis: 1 })],
    outputs: ['y', 'z'],
  },
  Transpose: unary('Transpose', { perm: [0, 2, 3, 1] }),
  Reshape: fixed('Reshape', { k: int64('k', [1, 64, -1]) }),
  Squeeze: fixed('Squeeze', { k: int64('k', [0]) }),
  Unsqueeze: fixed('Unsqueeze', { k: int64('k', [0]) }),
  Flatten: unary('Flatten'),
  Expand: fixed('Expand', { k: int64('k', [2, 64, 56, 56]) }),
  Tile: fixed('Tile', { k: int64('k', [1, 2, 1, 1]) }),
  DepthToSpace: unary('DepthToSpace', { blocksize: 2 }),
  SpaceToDepth: unary('SpaceToDepth', { blocksize: 2 }),
  Identity: unary('Identity'),
  Neg: unary('Neg'),
  Abs: unary('Abs'),
  Max: binary('Max'),
  Min: binary('Min'),
  ReduceMax: unary('ReduceMax', { axes: [2, 3] }),
  ReduceSum: fixed('ReduceSum', { k: int64('k', [2, 3]) }),
  ArgMax: unary('ArgMax', { axis: 1 }, { plainResult: true }),
  [`${between}nothing`]: chain(null),
  [`${between}Relu`]: chain([node('Relu', ['c'], 'd')], { inner: ['d'], grid: fromZero }),
  [`${between}MaxPool`]: chain([node('MaxPool', ['c'], 'd', { kernel_shape: [2, 2], strides: [2, 2] })]),
  [`${between}MaxPool, same size`]: chain([
    node('MaxPool', ['c'], 'd', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  ]),
  [`${between}AveragePool, same size`]: chain([
    node('AveragePool', ['c'], 'd', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  ]),
  [`${between}Add of its own input`]: chain([node('Add', ['c', 'a'], 'd')]),
  [`${between}Mul by its mean`]: chain(
    [node('GlobalAveragePool', ['c'], 'g'), node('Mul', ['c', 'g'], 'd')],
    { inner: ['c', 'g', 'd'] },
  ),
  [`${between}Sigmoid`]: chain([node('Sigmoid', ['c'], 'd')], { grid: unitGrid }),
  [`${between}HardSwish`]: chain([node('HardSwish', ['c'], 'd')]),
  [`${between}LeakyRelu`]: chain([node('LeakyRelu', ['c'], 'd', { alpha: f(0.1) })]),
  [`${between}Resize nearest, asymmetric`]: chain(
    [
      node('Resize', ['c', '', 's'], 'd', {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
    ],
    { constants: { s: [[4], [1, 1, 2, 2]] } },
  ),
  [`${between}Concat`]: chain([node('Concat', ['c', 'a'], 'd', { axis: 2 })]),
};
