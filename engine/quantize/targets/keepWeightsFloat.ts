import { TensorProto_DataType, type GraphProto, type NodeProto, type TensorProto } from 'onnx-buf';
import { intAttribute, makeNode } from '../../onnx/graph/attributes';
import { elementCount, floatValues, isFloat, makeTensor } from '../../onnx/tensors/elements';
import { indexGraph, type GraphIndex } from '../../onnx/graph/graphIndex';
import { carriersOfGrids } from '../../onnx/layers/integerKernels';
import { readIntegers } from '../../onnx/tensors/readIntegers';

const weighted = new Set(['Conv', 'ConvTranspose', 'Gemm']);

/** A Pad with zeros, which onnxruntime makes part of the Conv behind it ("pad_fusion.cc"). */
function isZeroPad(
  { opType, input }: NodeProto,
  { initializers }: Pick<GraphIndex, 'initializers'>,
): boolean {
  const value = initializers.get(input[2] ?? '');
  const isZero =
    value === undefined ? (input[2] ?? '') === '' : isFloat(value) && floatValues(value)[0] === 0;
  return opType === 'Pad' && isZero;
}

/** The DequantizeLinear that a tensor comes from, and how many nodes stand between that leave its values on the grid. */
function sourceOf(
  tensor: string,
  index: GraphIndex,
): { dequantizer: NodeProto; between: number } | undefined {
  let made = index.producer.get(tensor);
  for (let between = 0; made !== undefined && between < 8; between++) {
    if (made.opType === 'DequantizeLinear') return { dequantizer: made, between };
    if (!carriersOfGrids.has(made.opType) && !isZeroPad(made, index)) return undefined;
    made = index.producer.get(made.input[0] ?? '');
  }
  return undefined;
}

/**
 * Whether onnxruntime computes a node with float weights on integers all the same: it quantizes the weights itself, with one
 * scale for all, where the input comes from a DequantizeLinear and the result goes to a QuantizeLinear alone, a Relu or Clip
 * between them or not (onnxruntime 1.30, "weight_bias_quantization.cc"; measured).
 */
export function losesFloatWeights(node: NodeProto, index: GraphIndex): boolean {
  const weight = index.initializers.get(node.input[1] ?? '');
  if (!weighted.has(node.opType) || weight === undefined || !isFloat(weight)) return false;
  const scale = index.initializers.get(sourceOf(node.input[0] ?? '', index)?.dequantizer.input[1] ?? '');
  if (scale === undefined || elementCount(scale) !== 1) return false;
  const bias = node.input[2] ?? '';
  if (bias !== '' && index.initializers.get(bias)?.dims.length !== 1) return false;
  for (let current = node, steps = 0; steps < 8; steps++) {
    const output = current.output[0] ?? '';
    const [reader, ...others] = index.consumers.get(output) ?? [];
    if (reader === undefined || others.length > 0 || index.outputs.has(output)) return false;
    if (reader.opType === 'QuantizeLinear' || carriersOfGrids.has(reader.opType)) return true;
    if (reader.opType !== 'Relu' && reader.opType !== 'Clip') return false;
    current = reader;
  }
  return false;
}

const byteArrays = new Map<number, typeof Int8Array | typeof Uint8Array>([
  [TensorProto_DataType.INT8, Int8Array],
  [TensorProto_DataType.UINT8, Uint8Array],
]);

/** Where the input of a product has its channels, and how many. */
function channelsOf(node: NodeProto, index: GraphIndex): { axis: number; count: number } {
  const [rows = 1, columns = 1] = index.initializers.get(node.input[1] ?? '')?.dims.map(Number) ?? [];
  if (node.opType === 'Conv') return { axis: 1, count: columns * intAttribute(node, 'group', 1) };
  if (node.opType === 'ConvTranspose') return { axis: 1, count: rows };
  return {
    axis: intAttribute(node, 'transA', 0) === 0 ? 1 : 0,
    count: intAttribute(node, 'transB', 0) === 0 ? rows : columns,
  };
}

/**
 * Lets layers that were left in float be computed in float, in place: onnxruntime leaves their weights alone where the input is
 * dequantized with a scale for each channel, even if all are the same.
 * @param constants of the whole model, by name
 */
export function keepWeightsFloat(
  graph: GraphProto,
  constants: ReadonlyMap<string, TensorProto>,
  fresh: (wish: string) => string,
): void {
  const index = indexGraph(graph, new Map(constants));
  const before = new Map<NodeProto, NodeProto[]>();
  for (const node of graph.node) {
    const [input = ''] = node.input;
    const source = sourceOf(input, index);
    if (source === undefined || !losesFloatWeights(node, index)) continue;
    const [integers = '', scaleName = '', zeroName = ''] = source.dequantizer.input;
    const [scale, zero] = [index.initializers.get(scaleName), index.initializers.get(zeroName)];
    const [step = 0] = scale === undefined ? [] : floatValues(scale);
    const [zeroPoint = 0] = (zero && readIntegers(zero)) ?? [];
    const bytes = zero && byteArrays.get(zero.dataType);
    if (bytes === undefined) continue;
    const { axis, count } = channelsOf(node, index);
    const [scales, zeros, result] = ['channel_scales', 'channel_zero_points', 'float'].map((part) =>
      fresh(`${input}_${part}`),
    ) as [string, string, string];
    graph.initializer.push(
      makeTensor(scales, [count], new Float32Array(count).fill(step)),
      makeTensor(zeros, [count], new bytes(count).fill(zeroPoint)),
    );
    const carried = fresh(`${input}_carried`);
    // What was carried here is on the grid already: to quantize it again changes nothing.
    const again =
      source.between === 0
        ? []
        : [
            makeNode(
              'QuantizeLinear',
              fresh(`${input}_QuantizeLinear`),
              [input, scaleName, zeroName],
              [carried],
            ),
          ];
    const from = source.between === 0 ? integers : carried;
    const name = fresh(`${input}_DequantizeLinear`);
    before.set(node, [
      ...again,
      makeNode('DequantizeLinear', name, [from, scales, zeros], [result], { axis }),
    ]);
    node.input[0] = result;
  }
  graph.node = graph.node.flatMap((n) => [...(before.get(n) ?? []), n]);
}
