import { create } from '@bufbuild/protobuf';
import { TensorProto_DataType, TensorProtoSchema, type NodeProto, type TensorProto } from 'onnx-buf';
import { EngineError } from '../../shared/engineError';
import { dropAttribute, makeNode, setAttribute } from '../../onnx/graph/attributes';
import { elementCount, floatValues, makeTensor } from '../../onnx/tensors/elements';
import { blockGrid, type BlockSettings } from './blockGrid';
import { quantize } from '../affine';
import { CONTRIB_DOMAIN } from './integerLstm';
import { quantizeDomain } from './quantizeDomain';
import type { Stored } from './storedWeights';

/** A matrix of [outputs, inputs] in 4 bits, in blocks of `blockSize` inputs; the last block of a row may be short. */
export interface BlockWeights {
  outputs: number;
  inputs: number;
  blockSize: number;
  /** Blocks of a row. */
  blocks: number;
  /** q of each weight, row by row: −8 … 7, or 0 … 15 with zero points. */
  codes: Int8Array<ArrayBuffer>;
  /** Of [outputs, blocks]. */
  scales: Float32Array<ArrayBuffer>;
  /** Of [outputs, blocks]; `null` where zero is 0. */
  zeroPoints: Uint8Array<ArrayBuffer> | null;
}

/** The weight as rows of outputs: of a MatMul or Gemm it is [inputs, outputs], of a Gemm with `transB` the other way. */
export interface BlockLayout extends BlockSettings {
  /** Inputs that share a scale; a power of two from 16 for MatMulNBits. */
  blockSize: number;
  /** Whether the weight is stored as [outputs, inputs]. */
  transposed: boolean;
}

function sizesOf({ name, dims }: TensorProto, transposed: boolean): [outputs: number, inputs: number] {
  const [first, second, ...others] = dims.map(Number);
  if (first === undefined || second === undefined || others.length > 0) {
    throw new EngineError(
      'unsupported',
      `Weight ${name} of shape [${dims.join(', ')}] is no matrix, so it has no blocks of inputs.`,
      'Choose int8 for its layer.',
    );
  }
  return transposed ? [first, second] : [second, first];
}

/** Place of a weight in its tensor. */
function placeIn(outputs: number, inputs: number, transposed: boolean) {
  return (output: number, input: number) => (transposed ? output * inputs + input : input * outputs + output);
}

/**
 * Weights in 4 bits with a scale for each block of inputs of each output (block-wise quantization as in
 * "MatMulNBits", onnxruntime contrib operators).
 * @param weight a float matrix
 * @throws EngineError `unsupported` for another rank
 */
export function quantizeBlocks(weight: TensorProto, layout: BlockLayout): BlockWeights {
  const { blockSize, transposed, zeroPoints } = layout;
  const [outputs, inputs] = sizesOf(weight, transposed);
  const source = floatValues(weight);
  const at = placeIn(outputs, inputs, transposed);
  const blocks = Math.ceil(inputs / blockSize);
  const made: BlockWeights = {
    outputs,
    inputs,
    blockSize,
    blocks,
    codes: new Int8Array(outputs * inputs),
    scales: new Float32Array(outputs * blocks),
    zeroPoints: zeroPoints ? new Uint8Array(outputs * blocks) : null,
  };
  for (let o = 0; o < outputs; o++) {
    for (let b = 0; b < blocks; b++) {
      const from = b * blockSize;
      const length = Math.min(blockSize, inputs - from);
      const block = Float32Array.from({ length }, (_, i) => source[at(o, from + i)] ?? 0);
      const grid = blockGrid(block, layout);
      made.scales[o * blocks + b] = grid.scale;
      if (made.zeroPoints !== null) made.zeroPoints[o * blocks + b] = grid.zeroPoint;
      block.forEach((x, i) => (made.codes[o * inputs + from + i] = quantize(x, grid)));
    }
  }
  return made;
}

/** Two to a byte, the first in its lower half. */
function packed(nibbles: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.ceil(nibbles.length / 2));
  for (let i = 0; i < nibbles.length; i++) {
    bytes[i >> 1] = (bytes[i >> 1] ?? 0) | (((nibbles[i] ?? 0) & 15) << (4 * (i & 1)));
  }
  return bytes;
}

/** Codes of whole blocks as MatMulNBits has them: 0 … 15, short blocks filled up with zeros. */
function packedBlocks(made: BlockWeights): Uint8Array<ArrayBuffer> {
  const { outputs, inputs, blockSize, blocks, codes, zeroPoints } = made;
  const offset = zeroPoints === null ? 8 : 0;
  const whole = new Uint8Array(outputs * blocks * blockSize);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < blocks * blockSize; i++) {
      const zero = zeroPoints?.[o * blocks + Math.floor(i / blockSize)] ?? 8;
      const code = codes[o * inputs + i] ?? 0;
      whole[o * blocks * blockSize + i] = i < inputs ? code + offset : zero;
    }
  }
  return packed(whole);
}

/** Zero points of each row, from a byte of its own on. */
function packedZeros({ outputs, blocks, zeroPoints }: BlockWeights): Uint8Array<ArrayBuffer> {
  const width = 2 * Math.ceil(blocks / 2);
  const whole = new Uint8Array(outputs * width);
  zeroPoints?.forEach((zero, i) => {
    whole[Math.floor(i / blocks) * width + (i % blocks)] = zero;
  });
  return packed(whole);
}

/** The values of a bias that is the same for every row, one for each output; `null` for any other. */
function rowBias(bias: TensorProto, outputs: number): Float32Array<ArrayBuffer> | null {
  const values = floatValues(bias);
  const last = Number(bias.dims.at(-1) ?? 1);
  if (elementCount(bias) !== last) return null;
  if (last === outputs) return Float32Array.from(values);
  return last === 1 ? new Float32Array(outputs).fill(values[0] ?? 0) : null;
}

export interface BlockProduct extends BlockLayout {
  /** A constant bias, as the third input of a Gemm. */
  bias: TensorProto | null;
  /**
   * Whether onnxruntime may quantize the activations to int8 as it runs, block by block: faster, and it loses a
   * little ("accuracy_level" 4 instead of 1).
   */
  integerActivations: boolean;
}

/**
 * Turns a MatMul or Gemm by a constant matrix into onnxruntime's MatMulNBits (contrib operators, "MatMulNBits"), in
 * place. A bias that differs from row to row is added behind it.
 * @param node a MatMul, or a Gemm without `transA`, `alpha` and `beta`, whose second input is the weight
 * @param fresh hands out names for what is new
 * @throws EngineError `unsupported` for weights that are no matrix, or blocks that the operator does not know
 */
export function makeBlockProduct(
  node: NodeProto,
  weight: TensorProto,
  product: BlockProduct,
  fresh: (wish: string) => string,
): Stored {
  const { blockSize, bias } = product;
  if (blockSize < 16 || !Number.isInteger(Math.log2(blockSize))) {
    throw new EngineError(
      'unsupported',
      `Layer ${node.name} cannot have blocks of ${blockSize} weights.`,
      'Choose 16, 32, 64 or 128.',
    );
  }
  const made = quantizeBlocks(weight, product);
  const { outputs, inputs, blocks, scales } = made;
  const constants: TensorProto[] = [];
  const constant = (
    part: string,
    dims: number[],
    values: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>,
  ) => {
    const tensor = makeTensor(fresh(part), dims, values);
    constants.push(tensor);
    return tensor.name;
  };
  const input = [
    node.input[0] ?? '',
    constant(`${weight.name}_quantized`, [outputs, blocks, blockSize / 2], packedBlocks(made)),
    constant(`${weight.name}_scale`, [outputs, blocks], scales),
    made.zeroPoints === null
      ? ''
      : constant(`${weight.name}_zero_point`, [outputs, Math.ceil(blocks / 2)], packedZeros(made)),
  ];
  const added = node.input[2] ?? '';
  const row = bias?.name === added ? rowBias(bias, outputs) : null;
  const after: NodeProto[] = [];
  if (row !== null) input.push('', constant(`${added}_row`, [outputs], row));
  else if (added !== '') {
    const [output = ''] = node.output;
    const product = fresh(`${output}_product`);
    node.output = [product];
    after.push(makeNode('Add', fresh(`${node.name}_Add`), [product, added], [output]));
  }
  while (input.at(-1) === '') input.pop();
  node.input = input;
  node.opType = 'MatMulNBits';
  node.domain = CONTRIB_DOMAIN;
  for (const name of ['transA', 'transB', 'alpha', 'beta']) dropAttribute(node, name);
  setAttribute(node, 'K', inputs);
  setAttribute(node, 'N', outputs);
  setAttribute(node, 'bits', 4);
  setAttribute(node, 'block_size', blockSize);
  setAttribute(node, 'accuracy_level', product.integerActivations ? 4 : 1);
  return { before: [], after, constants };
}

/** An int4 tensor (ONNX IR, "TensorProto": two to a byte, the first in its lower half). */
function int4Tensor(name: string, dims: readonly number[], codes: Int8Array): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: TensorProto_DataType.INT4,
    rawData: packed(codes),
  });
}

/**
 * Stores the weight of a MatMul or Gemm as int4 with a DequantizeLinear in front of the node: a scale for each output,
 * or, from operator set 21, for each block of inputs of each output.
 * @param layout with `zeroPoints` false; `blockSize` of all inputs or more gives each output one scale
 * @param opset the model's default operator set
 * @throws EngineError `unsupported` for weights that are no matrix, or blocks before operator set 21
 */
export function storeInt4(
  node: NodeProto,
  weight: TensorProto,
  layout: BlockLayout & { zeroPoints: false },
  opset: number,
  fresh: (wish: string) => string,
): Stored {
  const { transposed } = layout;
  const made = quantizeBlocks(weight, layout);
  const { outputs, inputs, blocks, blockSize, codes, scales } = made;
  if (blocks > 1 && opset < 21) {
    throw new EngineError(
      'unsupported',
      `Layer ${node.name} cannot have int4 weights in blocks at operator set ${opset}.`,
      'Convert the model to operator set 21, or use MatMulNBits.',
    );
  }
  const at = placeIn(outputs, inputs, transposed);
  const placed = new Int8Array(codes.length);
  codes.forEach((code, i) => (placed[at(Math.floor(i / inputs), i % inputs)] = code));
  const scaleAt = placeIn(outputs, blocks, transposed);
  const placedScales = new Float32Array(scales.length);
  scales.forEach((scale, i) => (placedScales[scaleAt(Math.floor(i / blocks), i % blocks)] = scale));
  const [quantized = '', scale = '', dequantized = ''] = ['quantized', 'scale', 'dequantized'].map((part) =>
    fresh(`${weight.name}_${part}`),
  );
  const outputAxis = transposed ? 0 : 1;
  const blockDims = transposed ? [outputs, blocks] : [blocks, outputs];
  const dequantize = makeNode(
    'DequantizeLinear',
    fresh(`${weight.name}_DequantizeLinear`),
    [quantized, scale],
    [dequantized],
    blocks > 1 ? { axis: 1 - outputAxis, block_size: blockSize } : { axis: outputAxis },
  );
  dequantize.domain = quantizeDomain('int4', opset);
  node.input[1] = dequantized;
  return {
    before: [dequantize],
    after: [],
    constants: [
      int4Tensor(quantized, weight.dims.map(Number), placed),
      makeTensor(scale, blocks > 1 ? blockDims : [outputs], placedScales),
    ],
  };
}
