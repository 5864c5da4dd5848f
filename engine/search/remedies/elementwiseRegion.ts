import type { NodeProto, TensorProto } from 'onnx-buf';
import type { GraphIndex } from '../../onnx/graph/graphIndex';

/** Operators that treat every value alike, whatever channel it is in. */
const elementwise = new Set(
  'Abs Add Clip Div Elu Erf Exp Gelu HardSigmoid HardSwish LeakyRelu Max Min Mish Mul Neg Pow Relu Sigmoid Softplus Sqrt Sub Tanh'.split(
    ' ',
  ),
);

/** Nodes that make one tensor of another, value by value: a Relu, or the parts of a HardSwish. */
export interface ElementwiseRegion {
  nodes: NodeProto[];
  /** What leaves it. */
  output: string;
  /** The only node behind it, whose first input is the output. */
  reader: NodeProto;
}

/**
 * The function between a tensor and the only node that reads what becomes of it; empty where that node reads the tensor
 * itself. Constants in it are single numbers.
 * @param nodes of the graph, in its order
 */
export function elementwiseRegion(
  tensor: string,
  nodes: readonly NodeProto[],
  index: GraphIndex,
): ElementwiseRegion | undefined {
  const made = new Set([tensor]);
  const inside: NodeProto[] = [];
  const readers: NodeProto[] = [];
  // Readers come behind what they read.
  for (const node of nodes) {
    const isReader = [...made].some((name) => index.consumers.get(name)?.includes(node));
    if (!isReader) continue;
    if (isElementwise(node, made, index)) {
      inside.push(node);
      node.output.forEach((name) => made.add(name));
    } else {
      readers.push(node);
    }
  }
  const [reader] = readers;
  const output = reader?.input[0] ?? '';
  if (reader === undefined || readers.length > 1 || !made.has(output)) return undefined;
  const isReadOnce =
    index.consumers.get(output)?.length === 1 && !reader.input.slice(1).some((i) => made.has(i));
  const leaves = [...made].filter((name) => name !== output && !inside.some((n) => n.input.includes(name)));
  const isClosed = leaves.length === 0 && ![...made].some((name) => index.outputs.has(name));
  return isReadOnce && isClosed ? { nodes: inside, output, reader } : undefined;
}

function isElementwise(node: NodeProto, made: ReadonlySet<string>, index: GraphIndex): boolean {
  const isKnown = elementwise.has(node.opType) && (node.domain === '' || node.domain === 'ai.onnx');
  return (
    isKnown &&
    node.output.length === 1 &&
    node.input.every((name) => name === '' || made.has(name) || isNumber(index.initializers.get(name)))
  );
}

function isNumber(constant: TensorProto | undefined): boolean {
  return constant?.dims.every((d) => d === 1n) === true;
}
