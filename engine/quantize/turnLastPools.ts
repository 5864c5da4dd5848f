import type { GraphProto, NodeProto } from 'onnx-buf';
import { makeNode, setInts } from '../onnx/attributes';
import { makeTensor } from '../onnx/elements';
import { indexGraph, soleConsumer, type GraphIndex } from '../onnx/graphIndex';

/** Reads of a pooled map only its channels, in their order. */
const views = new Set(['Reshape', 'Flatten', 'Squeeze']);

/** What leaves the axes of its first input where they are. */
const keepsAxes = new Set(
  'QuantizeLinear DequantizeLinear Clip Relu LeakyRelu Sigmoid HardSigmoid HardSwish MaxPool AveragePool'.split(
    ' ',
  ),
);
const broadcasts = new Set(['Add', 'Sub', 'Mul', 'Div']);

/**
 * Turns what the last pooling of a network makes on integers to channels last, and back, which moves nothing since one value of
 * each channel is all there is. onnxruntime's integer convolutions have their channels last, and what follows the last one is
 * turned back at once unless another turn comes; MaxPool on integers takes 110 µs with its channels first and 6 µs with them
 * last (ocr-cls, of 1.2 ms). Where all sizes are fixed, onnxruntime sees through it, and nothing changes.
 * @param constants of the whole model, by name
 */
export function turnLastPools(
  graph: GraphProto,
  constants: GraphIndex['initializers'],
  fresh: (wish: string) => string,
): void {
  const index = indexGraph(graph, constants);
  const axes = new Map<string, number | undefined>();
  const behind = new Map<NodeProto, NodeProto[]>();
  for (const pool of graph.node) {
    const [[map = ''], [pooled = '']] = [pool.input, pool.output];
    if (pool.opType !== 'GlobalAveragePool' || countAxes(map, index, axes) !== 4) continue;
    const quantizer = soleConsumer(index, pooled);
    if (quantizer?.opType !== 'QuantizeLinear' || !isLast(quantizer, index)) continue;
    const [integers = ''] = quantizer.output;
    const [first, last, shape] = ['first', 'last', 'shape'].map((part) => fresh(`${integers}_${part}`));
    if (first === undefined || last === undefined || shape === undefined) continue;
    quantizer.output = [first];
    const turn = makeNode('Transpose', fresh(`${integers}_Transpose`), [first], [last]);
    setInts(turn, 'perm', [0n, 2n, 3n, 1n]);
    const back = makeNode('Reshape', fresh(`${integers}_Reshape`), [last, shape], [integers]);
    graph.initializer.push(makeTensor(shape, [4], BigInt64Array.of(0n, -1n, 1n, 1n)));
    behind.set(quantizer, [turn, back]);
  }
  if (behind.size > 0) graph.node = graph.node.flatMap((node) => [node, ...(behind.get(node) ?? [])]);
}

/** Whether only views read what a QuantizeLinear makes: no convolution follows. */
function isLast({ output }: NodeProto, index: GraphIndex): boolean {
  const [integers = ''] = output;
  const dequantizers = index.consumers.get(integers) ?? [];
  const readers = dequantizers.flatMap((d) => index.consumers.get(d.output[0] ?? '') ?? []);
  return (
    dequantizers.every(({ opType }) => opType === 'DequantizeLinear') &&
    readers.every(({ opType }) => views.has(opType) || opType === 'Shape')
  );
}

/** How many axes a tensor has, by the convolutions and constants that it comes from. */
function countAxes(
  tensor: string,
  index: GraphIndex,
  known: Map<string, number | undefined>,
): number | undefined {
  if (known.has(tensor)) return known.get(tensor);
  known.set(tensor, undefined);
  const made = index.producer.get(tensor);
  const [data = '', weight = ''] = made?.input ?? [];
  const count = (name: string) => countAxes(name, index, known);
  const axes =
    made === undefined
      ? index.initializers.get(tensor)?.dims.length
      : made.opType === 'Conv'
        ? count(weight)
        : broadcasts.has(made.opType)
          ? mostOf(made.input.map(count))
          : keepsAxes.has(made.opType)
            ? count(data)
            : undefined;
  known.set(tensor, axes);
  return axes;
}

function mostOf(counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce(
    (most, count) => (most === undefined || count === undefined ? undefined : Math.max(most, count)),
    0,
  );
}
