import { TensorProto_DataType as T, type GraphProto, type NodeProto, type TensorProto } from 'onnx-buf';
import { attribute, intAttribute, subgraphs } from '../graph/attributes';

/** What a tensor holds: floats, integers that stand for floats, or neither (shapes, indices, masks, sums). */
export type TensorKind = 'float' | 'quantized' | 'other';

const quantized = new Set<number>([T.UINT8, T.INT8, T.UINT16, T.INT16, T.UINT4, T.INT4]);
const floats = new Set<number>([T.UNDEFINED, T.FLOAT, T.FLOAT16, T.DOUBLE, T.BFLOAT16]);

function kindOfType(type: number | undefined): TensorKind {
  if (type === undefined || floats.has(type)) return 'float';
  return quantized.has(type) ? 'quantized' : 'other';
}

const masksAndIndices = new Set(
  'Shape Size NonZero ArgMax ArgMin Equal Less LessOrEqual Greater GreaterOrEqual And Or Not Xor IsNaN IsInf ConvInteger MatMulInteger'.split(
    ' ',
  ),
);
const answersFloats = new Set(
  'DequantizeLinear MatMulIntegerToFloat DynamicQuantizeMatMul DynamicQuantizeLSTM QAttention'.split(' '),
);

/** Kinds of a node's outputs, by its operator and the kinds of its inputs. */
function outputKinds(node: NodeProto, kindOf: (tensor: string) => TensorKind): TensorKind[] {
  const { opType, input, output } = node;
  const all = (kind: TensorKind) => output.map(() => kind);
  if (masksAndIndices.has(opType)) return all('other');
  if (answersFloats.has(opType)) return all('float');
  if (opType.startsWith('QLinear')) return all('quantized');
  switch (opType) {
    case 'QuantizeLinear':
      return all('quantized');
    case 'DynamicQuantizeLinear':
      return ['quantized', 'float', 'quantized'];
    case 'QGemm':
      // With a scale for its result it answers integers.
      return all((input[7] ?? '') === '' ? 'float' : 'quantized');
    case 'Cast':
      return all(kindOfType(intAttribute(node, 'to', T.FLOAT)));
    case 'ConstantOfShape':
      return all(kindOfType(attribute(node, 'value')?.t?.dataType));
    case 'Where':
    case 'OneHot':
      return all(kindOf(input[opType === 'Where' ? 1 : 2] ?? ''));
    case 'TopK':
    case 'MaxPool':
    case 'Unique':
      return output.map((_, i) => (i === 0 ? kindOf(input[0] ?? '') : 'other'));
    default:
      return all(kindOf(input.find((name) => name !== '') ?? ''));
  }
}

/**
 * The kind of every tensor of a graph that onnxruntime's optimizer wrote, bodies included; such files name no types
 * but those of inputs and constants. What cannot be told is called float.
 */
export function tensorKinds(main: GraphProto): Map<string, TensorKind> {
  const kinds = new Map<string, TensorKind>();
  const kindOf = (tensor: string) => kinds.get(tensor) ?? 'float';
  const walk = (graph: GraphProto, fed: readonly string[]) => {
    graph.input.forEach(({ name, type }, i) => {
      const declared = type?.value.case === 'tensorType' ? type.value.value.elemType : undefined;
      const known = declared === undefined || declared === 0 ? undefined : kindOfType(declared);
      kinds.set(name, known ?? kindOf(fed[i] ?? ''));
    });
    graph.initializer.forEach((t: TensorProto) => kinds.set(t.name, kindOfType(t.dataType)));
    for (const node of graph.node) {
      const bodies = subgraphs(node);
      // An If's bodies have no inputs; those of Loop and Scan are fed from the node's own.
      for (const body of bodies) walk(body, node.input);
      const [body] = bodies;
      const carriesCondition = node.opType === 'Loop' ? 1 : 0;
      const found =
        body === undefined
          ? outputKinds(node, kindOf)
          : node.output.map((_, i) => kindOf(body.output[i + carriesCondition]?.name ?? ''));
      node.output.forEach((name, i) => kinds.set(name, found[i] ?? 'float'));
    }
  };
  walk(main, []);
  return kinds;
}
