import type { NodeProto } from 'onnx-buf';
import { floatAttribute } from '../graph/attributes';
import { floatValues, isFloat } from '../tensors/elements';
import { soleConsumer, type GraphIndex } from '../graph/graphIndex';

/** y = min(max(factor · x + shift, low), high), with a factor above 0. */
export interface Rescaling {
  factor: number;
  shift: number;
  low: number;
  high: number;
}

/** The one number that a constant holds, however many axes it has. */
export function constantNumber(tensor: string | undefined, index: GraphIndex): number | undefined {
  const found = index.initializers.get(tensor ?? '');
  if (found === undefined || !isFloat(found) || found.dims.some((d) => d !== 1n)) return undefined;
  return floatValues(found)[0];
}

/** The bounds of a Relu or Clip that lets zero pass, as grids do; nothing for other nodes and for bounds that are computed. */
export function clipBounds(node: NodeProto, index: GraphIndex): { low: number; high: number } | undefined {
  if (node.opType === 'Relu') return { low: 0, high: Infinity };
  if (node.opType !== 'Clip') return undefined;
  const bound = (i: number, absent: number) =>
    (node.input[i] ?? '') === '' ? absent : constantNumber(node.input[i], index);
  const [low, high] = [bound(1, -Infinity), bound(2, Infinity)];
  return low === undefined || high === undefined || low > 0 || high < 0 ? undefined : { low, high };
}

/** What a node does to `tensor`, if it is to scale, shift and clip it with single numbers. */
function rescalingOf(node: NodeProto, tensor: string, index: GraphIndex): Rescaling | undefined {
  const none = { factor: 1, shift: 0, low: -Infinity, high: Infinity };
  const clip = clipBounds(node, index);
  if (clip !== undefined) return { ...none, ...clip };
  if (node.opType === 'HardSigmoid') {
    const [factor, shift] = [floatAttribute(node, 'alpha', 0.2), floatAttribute(node, 'beta', 0.5)];
    return factor > 0 ? { factor, shift, low: 0, high: 1 } : undefined;
  }
  const isFirst = node.input[0] === tensor;
  const number = constantNumber(node.input[isFirst ? 1 : 0], index);
  if (number === undefined || !Number.isFinite(number)) return undefined;
  switch (node.opType) {
    case 'Add':
      return { ...none, shift: number };
    case 'Sub':
      return isFirst ? { ...none, shift: -number } : undefined;
    case 'Mul':
      return number > 0 ? { ...none, factor: number } : undefined;
    case 'Div':
      return isFirst && number > 0 ? { ...none, factor: 1 / number } : undefined;
    default:
      return undefined;
  }
}

function then(first: Rescaling, second: Rescaling): Rescaling {
  const through = (y: number) =>
    Math.min(Math.max(second.factor * y + second.shift, second.low), second.high);
  return {
    factor: first.factor * second.factor,
    shift: first.shift * second.factor + second.shift,
    low: through(first.low),
    high: through(first.high),
  };
}

/** Longer ones do not come about. */
const MOST_NODES = 6;

/**
 * The nodes from `start` on that together only scale, shift and clip one tensor: HardSigmoid, or the Add, Clip and Div that
 * exporters write instead. On integers that is no arithmetic, but another reading of the same numbers.
 * @param canTake whether a node may still be part of it
 */
export function rescalingFrom(
  start: NodeProto,
  index: GraphIndex,
  canTake: (node: NodeProto) => boolean,
): { input: string; nodes: NodeProto[]; rescaling: Rescaling } | undefined {
  const input = start.input.find((name) => name !== '' && !index.initializers.has(name));
  if (input === undefined) return undefined;
  const nodes: NodeProto[] = [];
  let rescaling: Rescaling | undefined;
  let found: { input: string; nodes: NodeProto[]; rescaling: Rescaling } | undefined;
  let tensor = input;
  for (
    let node: NodeProto | undefined = start;
    node !== undefined && nodes.length < MOST_NODES && canTake(node);
    node = soleConsumer(index, tensor)
  ) {
    const own = rescalingOf(node, tensor, index);
    if (own === undefined) break;
    rescaling = rescaling === undefined ? own : then(rescaling, own);
    nodes.push(node);
    tensor = node.output[0] ?? '';
    const { shift, low, high } = rescaling;
    // A shift without an end is a sum: no grid of 8 bits may hold its zero.
    if (shift === 0 || Number.isFinite(low) || Number.isFinite(high))
      found = { input, nodes: [...nodes], rescaling };
  }
  return found;
}
