import type { GraphProto, NodeProto, TensorProto } from 'onnx-buf';
import { attribute, intAttribute } from './attributes';
import { floatValues, isFloat } from './elements';
import { soleConsumer, type GraphIndex } from './graphIndex';

export const layerTypes = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'] as const;
export type LayerType = (typeof layerTypes)[number];

/** An operator that the paper quantizes: a product of an activation with a weight or another activation. */
export interface Layer {
  name: string;
  opType: LayerType;
  node: NodeProto;
  /** Names of its activations: one, or two for a product of activations. */
  activations: string[];
  weight: TensorProto | null;
  /** Axis of the weight's output channels; `null` where scales per channel are not possible. */
  channelAxis: number | null;
  bias: TensorProto | null;
  /** The tensor that leaves the layer: the node's output, or that of a Relu or Clip from 0 that alone follows it. */
  output: string;
}

function isLayerType(opType: string): opType is LayerType {
  return layerTypes.some((t) => t === opType);
}

function channelAxis(node: NodeProto, weight: TensorProto): number | null {
  switch (node.opType) {
    case 'Conv':
      return 0;
    case 'ConvTranspose':
      return 1;
    case 'Gemm':
      return intAttribute(node, 'transB', 0) === 1 ? 0 : 1;
    default:
      // onnxruntime's integer MatMul takes scales per column of a matrix only.
      return weight.dims.length === 2 ? 1 : null;
  }
}

/** Layers of the graph in its own order. The graph must be normalized: constants are initializers. */
export function findLayers(graph: GraphProto, index: GraphIndex): Layer[] {
  return graph.node.flatMap((node) => {
    const { opType } = node;
    if (!isLayerType(opType) || (node.domain !== '' && node.domain !== 'ai.onnx')) return [];
    const [a = '', b = '', c = ''] = node.input;
    const weight = index.initializers.get(b) ?? null;
    // Gemm scales its terms; integer kernels know only the plain product.
    if (opType === 'Gemm' && ['alpha', 'beta'].some((k) => (attribute(node, k)?.f ?? 1) !== 1)) return [];
    if (index.initializers.has(a) && weight !== null) return [];
    return [
      {
        name: node.name,
        opType,
        node,
        activations: weight === null ? [a, b] : [a],
        weight,
        channelAxis: weight && channelAxis(node, weight),
        bias: index.initializers.get(c) ?? null,
        output: outputBehindActivation(node, index),
      },
    ];
  });
}

function outputBehindActivation(node: NodeProto, index: GraphIndex): string {
  const [y = ''] = node.output;
  const next = soleConsumer(index, y);
  return next?.input[0] === y && isRelu(next, index) ? (next.output[0] ?? y) : y;
}

/**
 * A Relu, or a Clip from 0: what a range that begins at 0 does by itself. Other clips stay out of the layer; their
 * ends fall between two integers, and onnxruntime then leaves the convolution in float or refuses the model.
 */
function isRelu(node: NodeProto, index: GraphIndex): boolean {
  if (node.opType === 'Relu') return true;
  const least = index.initializers.get(node.input[1] ?? '');
  return node.opType === 'Clip' && least !== undefined && isFloat(least) && floatValues(least)[0] === 0;
}
