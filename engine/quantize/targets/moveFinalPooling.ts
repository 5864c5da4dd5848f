import type { GraphProto, NodeProto } from 'onnx-buf';
import { makeNode, setInts } from '../../onnx/graph/attributes';
import { makeTensor } from '../../onnx/tensors/elements';
import { constantsWithin } from '../../onnx/graph/constants';
import { indexGraph, soleConsumer, type GraphIndex } from '../../onnx/graph/graphIndex';

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
 * @param whole the model's graph, whose constants bodies read too
 */
export function turnLastPools(graph: GraphProto, whole: GraphProto, fresh: (wish: string) => string): void {
  if (graph.node.every(({ opType }) => opType !== 'GlobalAveragePool')) return;
  const index = indexGraph(graph, constantsWithin(whole));
  const axes = axesWithin(graph, index);
  const behind = new Map<NodeProto, NodeProto[]>();
  for (const pool of graph.node) {
    const [[map = ''], [pooled = '']] = [pool.input, pool.output];
    if (pool.opType !== 'GlobalAveragePool' || axes.get(map) !== 4) continue;
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

/** How many axes tensors have that come from convolutions and constants. */
function axesWithin({ node: nodes }: GraphProto, { initializers }: GraphIndex): Map<string, number> {
  const axes = new Map<string, number>();
  const count = (name: string) => axes.get(name) ?? initializers.get(name)?.dims.length;
  for (const { opType, input, output } of nodes) {
    const [data = '', weight = ''] = input;
    const made =
      opType === 'Conv'
        ? count(weight)
        : keepsAxes.has(opType)
          ? count(data)
          : broadcasts.has(opType)
            ? mostOf(input.map(count))
            : undefined;
    if (made !== undefined) axes.set(output[0] ?? '', made);
  }
  return axes;
}

function mostOf(counts: readonly (number | undefined)[]): number | undefined {
  return counts.some((count) => count === undefined)
    ? undefined
    : Math.max(...counts.map((count) => count ?? 0));
}
