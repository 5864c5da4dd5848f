import type { GraphProto, NodeProto } from 'onnx-buf';
import { floatAttribute } from '../graph/attributes';
import { floatValues, isFloat } from '../tensors/elements';
import { constantsWithin } from '../graph/constants';
import { indexGraph, type GraphIndex } from '../graph/graphIndex';
import type { ModelSummary } from '../../shared/protocol/model';
import { graphsWithin } from '../graph/scopes';

export type BlockKind = ModelSummary['blocks'][number]['kind'];

/** Nodes that together are one function which exporters write out in parts. */
export type Block = ModelSummary['blocks'][number];

/** What a graph looks like from one node: who made its inputs, and which of them are numbers. */
class View {
  constructor(private readonly index: GraphIndex) {}

  maker(tensor: string | undefined, ...opTypes: string[]): NodeProto | undefined {
    const node = this.index.producer.get(tensor ?? '');
    return node !== undefined && opTypes.includes(node.opType) ? node : undefined;
  }

  /** The only reader of the node's result, of one of these operators. */
  reader(node: NodeProto, ...opTypes: string[]): NodeProto | undefined {
    const readers = this.index.consumers.get(node.output[0] ?? '') ?? [];
    const [only] = readers;
    return readers.length === 1 && only !== undefined && opTypes.includes(only.opType) ? only : undefined;
  }

  number(tensor: string | undefined): number | undefined {
    const found = this.index.initializers.get(tensor ?? '');
    if (found === undefined || !isFloat(found) || found.dims.some((d) => d !== 1n)) return undefined;
    return floatValues(found)[0];
  }

  isConstant(tensor: string | undefined): boolean {
    return this.index.initializers.has(tensor ?? '');
  }

  /** The other operand, when one of two is near this number. */
  besides(node: NodeProto, wanted: number): string | undefined {
    const [a, b] = node.input;
    if (near(this.number(b), wanted)) return a;
    return near(this.number(a), wanted) ? b : undefined;
  }

  /** What is scaled by this factor, by Mul or by Div. */
  scaled(node: NodeProto | undefined, factor: number): string | undefined {
    if (node?.opType === 'Mul') return this.besides(node, factor);
    return node?.opType === 'Div' && near(this.number(node.input[1]), 1 / factor) ? node.input[0] : undefined;
  }
}

/** Exporters round constants differently. */
function near(found: number | undefined, wanted: number): boolean {
  return found !== undefined && Math.abs(found - wanted) <= 1e-3 * Math.abs(wanted);
}

function other(node: NodeProto, tensor: string | undefined): string | undefined {
  const [a, b] = node.input;
  return a === tensor ? b : b === tensor ? a : undefined;
}

/** max(0, min(6, x + 3)) / 6 · x, with the sixth before or after the product; or HardSigmoid(x) · x. */
function hardSwish(anchor: NodeProto, view: View): NodeProto[] | undefined {
  if (anchor.opType === 'HardSigmoid') {
    const [x] = anchor.input;
    const product = view.reader(anchor, 'Mul');
    const sixth =
      near(floatAttribute(anchor, 'alpha', 0.2), 1 / 6) && near(floatAttribute(anchor, 'beta', 0.5), 0.5);
    return sixth && product && other(product, anchor.output[0]) === x ? [anchor, product] : undefined;
  }
  if (
    anchor.opType !== 'Clip' ||
    view.number(anchor.input[1]) !== 0 ||
    !near(view.number(anchor.input[2]), 6)
  ) {
    return undefined;
  }
  const sum = view.maker(anchor.input[0], 'Add');
  const x = sum && view.besides(sum, 3);
  const next = view.reader(anchor, 'Mul', 'Div');
  if (sum === undefined || x === undefined || next === undefined) return undefined;
  const isProduct = next.opType === 'Mul' && other(next, anchor.output[0]) === x;
  const last = view.reader(next, 'Mul', 'Div');
  // The sixth may have been folded into the convolution that follows.
  if (last === undefined) return isProduct ? [sum, anchor, next] : undefined;
  if (isProduct)
    return view.scaled(last, 1 / 6) === next.output[0] ? [sum, anchor, next, last] : [sum, anchor, next];
  const isDivided = view.scaled(next, 1 / 6) === anchor.output[0];
  return isDivided && last.opType === 'Mul' && other(last, next.output[0]) === x
    ? [sum, anchor, next, last]
    : undefined;
}

/** x · sigmoid(x), or with a factor inside. */
function silu(anchor: NodeProto, view: View): NodeProto[] | undefined {
  if (anchor.opType !== 'Sigmoid') return undefined;
  const product = view.reader(anchor, 'Mul');
  const x = product && other(product, anchor.output[0]);
  if (product === undefined || x === undefined) return undefined;
  if (x === anchor.input[0]) return [anchor, product];
  const scale = view.maker(anchor.input[0], 'Mul');
  return scale && view.isConstant(other(scale, x)) ? [scale, anchor, product] : undefined;
}

/** What follows 1 + erf or 1 + tanh in a GELU: times x and ½, in any order. */
function halfTimes(start: NodeProto, x: string, view: View): NodeProto[] | undefined {
  const first = view.reader(start, 'Mul');
  const operand = first && other(first, start.output[0]);
  if (first === undefined) return undefined;
  const half = view.maker(operand, 'Mul', 'Div');
  if (half !== undefined && view.scaled(half, 0.5) === x) return [half, first];
  const second = view.reader(first, 'Mul', 'Div');
  if (second === undefined) return undefined;
  if (operand === x && view.scaled(second, 0.5) === first.output[0]) return [first, second];
  return view.scaled(first, 0.5) === start.output[0] && other(second, first.output[0]) === x
    ? [first, second]
    : undefined;
}

/** ½ · x · (1 + erf(x/√2)), or with tanh(√(2/π) · (x + 0.044715 · x³)) for the error function. */
function gelu(anchor: NodeProto, view: View): NodeProto[] | undefined {
  if (anchor.opType !== 'Erf' && anchor.opType !== 'Tanh') return undefined;
  const one = view.reader(anchor, 'Add');
  if (one === undefined || view.besides(one, 1) !== anchor.output[0]) return undefined;
  const scale = view.maker(anchor.input[0], 'Mul', 'Div');
  if (scale === undefined) return undefined;
  if (anchor.opType === 'Erf') {
    const x = view.scaled(scale, Math.SQRT1_2);
    const rest = x === undefined ? undefined : halfTimes(one, x, view);
    return rest && [scale, anchor, one, ...rest];
  }
  const sum = view.maker(view.scaled(scale, Math.sqrt(2 / Math.PI)), 'Add');
  if (sum === undefined) return undefined;
  for (const [x, part] of [sum.input, [...sum.input].reverse()]) {
    const small = view.maker(part, 'Mul');
    const cube = small && view.besides(small, 0.044715);
    const power = view.maker(cube, 'Pow', 'Mul');
    if (x === undefined || small === undefined || power === undefined) continue;
    const square = power.opType === 'Mul' ? view.maker(other(power, x), 'Mul', 'Pow') : undefined;
    const isCube =
      power.opType === 'Pow'
        ? power.input[0] === x && near(view.number(power.input[1]), 3)
        : square?.input[0] === x;
    const rest = isCube ? halfTimes(one, x, view) : undefined;
    if (rest) return [power, ...(square ? [square] : []), small, sum, scale, anchor, one, ...rest];
  }
  return undefined;
}

/** (x − mean) / √(mean((x − mean)²) + ε), and what scales and shifts it. */
function layerNorm(anchor: NodeProto, view: View): NodeProto[] | undefined {
  if (anchor.opType !== 'Div') return undefined;
  const [centred, deviation] = anchor.input;
  const subtract = view.maker(centred, 'Sub');
  const mean = subtract && view.maker(subtract.input[1], 'ReduceMean');
  const root = view.maker(deviation, 'Sqrt');
  const sum = root && view.maker(root.input[0], 'Add');
  const variance = sum?.input.map((i) => view.maker(i, 'ReduceMean')).find((n) => n !== undefined);
  const square = view.maker(variance?.input[0], 'Pow', 'Mul');
  if (!subtract || !mean || !root || !sum || !variance || !square) return undefined;
  if (mean.input[0] !== subtract.input[0]) return undefined;
  const isSquare =
    square.input[0] === centred &&
    (square.opType === 'Pow' ? near(view.number(square.input[1]), 2) : square.input[1] === centred);
  // Some exporters subtract the mean twice, once for the square.
  const twin = isSquare ? undefined : view.maker(square.input[0], 'Sub');
  if (!isSquare && (twin?.input[0] !== subtract.input[0] || !near(view.number(square.input[1]), 2)))
    return undefined;
  const nodes = [mean, subtract, ...(twin ? [twin] : []), square, variance, sum, root, anchor];
  const scale = view.reader(anchor, 'Mul');
  if (!scale || !view.isConstant(other(scale, anchor.output[0]))) return nodes;
  const shift = view.reader(scale, 'Add');
  return shift && view.isConstant(other(shift, scale.output[0]))
    ? [...nodes, scale, shift]
    : [...nodes, scale];
}

/** exp(x − max x) / Σ exp, with or without the maximum. */
function softmax(anchor: NodeProto, view: View): NodeProto[] | undefined {
  if (anchor.opType !== 'Div') return undefined;
  const [power, total] = anchor.input;
  const exp = view.maker(power, 'Exp');
  const sum = view.maker(total, 'ReduceSum');
  if (exp === undefined || sum === undefined || sum.input[0] !== power) return undefined;
  const subtract = view.maker(exp.input[0], 'Sub');
  const most = subtract && view.maker(subtract.input[1], 'ReduceMax');
  if (subtract === undefined || most === undefined || most.input[0] !== subtract.input[0]) {
    return [exp, sum, anchor];
  }
  return [most, subtract, exp, sum, anchor];
}

const matchers: [BlockKind, (anchor: NodeProto, view: View) => NodeProto[] | undefined][] = [
  ['LayerNorm', layerNorm],
  ['Softmax', softmax],
  ['GELU', gelu],
  ['HardSwish', hardSwish],
  ['SiLU', silu],
];

/** Functions that a normalized graph writes out in parts, bodies included, in its order. No node is in two blocks. */
export function findBlocks(main: GraphProto): Block[] {
  const initializers = constantsWithin(main);
  const taken = new Set<NodeProto>();
  return graphsWithin(main).flatMap((graph) => {
    const view = new View(indexGraph(graph, initializers));
    return graph.node.flatMap((anchor): Block[] => {
      for (const [kind, match] of matchers) {
        const nodes = match(anchor, view);
        if (nodes === undefined || nodes.some((n) => taken.has(n))) continue;
        for (const node of nodes) taken.add(node);
        return [{ kind, name: nodes.at(-1)?.name ?? '', nodes: nodes.map((n) => n.name) }];
      }
      return [];
    });
  });
}
