import type { NodeProto } from 'onnx-buf';
import { attribute, dropAttribute, makeNode, setAttribute, setInts } from '../graph/attributes';
import { givenInt, stem, unconverted, type Rewriter, type Step } from './rewriter';

const INT64_MAX = 2n ** 63n - 1n;

function reshape(node: NodeProto, tensor: string, shape: string, rewriter: Rewriter): string {
  const aligned = rewriter.fresh(`${stem(node)}_aligned`);
  rewriter.before(makeNode('Reshape', rewriter.fresh(`${node.name}_Reshape`), [tensor, shape], [aligned]));
  return aligned;
}

/**
 * Gives the node's second input trailing dimensions of 1, so that its first dimension meets dimension `axis` of the
 * first input. Where the graph does not tell the first input's rank, nodes find it out when the model runs.
 */
function alignAt(node: NodeProto, axis: number, rewriter: Rewriter): void {
  const [a = '', b = ''] = node.input;
  const rankA = rewriter.rank(a);
  const rankB = rewriter.rank(b);
  if (rankB === undefined) throw unconverted(node, `broadcasting at axis ${axis}, of unknown rank`);
  if (axis < 0 && rankA === undefined) {
    // The usual -1 or so: aligned with the end, as newer sets do it.
    if (axis === -rankB) return;
    throw unconverted(node, `broadcasting at axis ${axis}, of unknown rank`);
  }
  const end = (axis < 0 ? axis + (rankA ?? 0) : axis) + rankB;
  if (rankB === 0 || end === rankA) return;
  if (rankA !== undefined && end > rankA) throw unconverted(node, `broadcasting at axis ${axis}`);

  const dims = rewriter.tensor(b)?.dims;
  if (dims !== undefined && rankA !== undefined) {
    const shape = BigInt64Array.from([...dims, ...Array<bigint>(rankA - end).fill(1n)]);
    const name = rewriter.constant(`${stem(node)}_shape`, [shape.length], shape);
    node.input[1] = reshape(node, b, name, rewriter);
    return;
  }
  const add = (opType: string, input: string[], part: string): NodeProto => {
    const output = rewriter.fresh(`${stem(node)}_${part}`);
    const made = makeNode(opType, rewriter.fresh(`${node.name}_${part}`), input, [output]);
    rewriter.before(made);
    return made;
  };
  const out = (made: NodeProto) => made.output[0] ?? '';
  const bounds = { starts: BigInt(end), ends: INT64_MAX, axes: 0n };
  const tail = add('Slice', [out(add('Shape', [a], 'shape'))], 'tail');
  for (const [name, value] of Object.entries(bounds)) setInts(tail, name, [value]);
  // In the form of 7, where ConstantOfShape does not exist yet.
  const number = (part: string, value: bigint) =>
    rewriter.constant(`${stem(node)}_${part}`, [1], BigInt64Array.of(value));
  const zeros = add('Mul', [out(tail), number('zero', 0n)], 'zeros');
  const ones = add('Add', [out(zeros), number('one', 1n)], 'ones');
  const shape = add('Concat', [out(add('Shape', [b], 'own')), out(ones)], 'shape');
  setAttribute(shape, 'axis', 0);
  node.input[1] = reshape(node, b, out(shape), rewriter);
}

/** Before 7, the second input is stretched only on demand, from dimension `axis` on (ONNX operators, "Add-6"). */
export const broadcastTo7: Step = (node, rewriter) => {
  const broadcasts = givenInt(node, 'broadcast', 0) !== 0;
  if (broadcasts && attribute(node, 'axis') !== undefined) {
    alignAt(node, givenInt(node, 'axis', 0), rewriter);
  }
  dropAttribute(node, 'broadcast');
  dropAttribute(node, 'axis');
};

/** Before 7, PRelu's slope of one dimension belongs to the channels. */
export const preluTo7: Step = (node, rewriter) => {
  const [, slope = ''] = node.input;
  const dims = rewriter.tensor(slope)?.dims;
  const single = dims?.every((d) => d === 1n) === true;
  if (!single && rewriter.rank(slope) === 1) alignAt(node, 1, rewriter);
};
