import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  TensorProto_DataType,
  ValueInfoProtoSchema,
  type GraphProto,
  type NodeProto,
} from 'onnx-buf';
import { subgraphs } from '../graph/attributes';
import { dropUnusedInitializers } from '../graph/dropUnusedInitializers';
import { elementCount, makeTensor } from '../tensors/elements';
import type { Model } from '../graph/model';
import { graphsWithin } from '../graph/scopes';
import type { Tensor } from '../tensors/tensor';
import { ownValue } from '../../shared/ownValue';

/** Results beyond this are left for the run: a small file can ask for a huge constant. */
const MOST_ELEMENTS = 2 ** 24;

/** How many elements a node's outputs have at most, from those of its inputs; operators not named are not folded. */
type Bound = (counts: number[]) => number;
const first: Bound = ([n = 0]) => n;
const all: Bound = (counts) => counts.reduce((a, b) => a + b, 0);
const broadcast: Bound = (counts) => counts.reduce((a, b) => a * Math.max(1, b), 1);
const bounds = new Map<string, Bound>([
  ...'Abs Cast Ceil Exp Flatten Floor Identity Log Neg Not Reciprocal ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Reshape Slice Split Sqrt Squeeze Transpose Unsqueeze'
    .split(' ')
    .map((op) => [op, first] as const),
  ...'Add And Div Equal Gather Greater Less Max Min Mul Or Pow Sub Where'
    .split(' ')
    .map((op) => [op, broadcast] as const),
  ['Concat', all],
  ...['Shape', 'Size'].map((op) => [op, () => 64] as const),
]);

/** A part of a model that reads constants only, as a model of its own. */
export interface ConstantParts {
  model: Model;
  /** What the rest reads of it. */
  outputs: string[];
}

function isFoldable(node: NodeProto): boolean {
  return (
    (node.domain === '' || node.domain === 'ai.onnx') &&
    bounds.has(node.opType) &&
    subgraphs(node).length === 0
  );
}

/**
 * Finds what of a normalized model can be computed once and for all, in bodies too: weights behind Transpose or
 * Concat, shapes behind arithmetic. onnxruntime computes it, as its optimizer would; dequantization is left alone, since
 * that is what says that a weight is quantized.
 * @returns undefined when there is nothing
 */
export function constantParts({ graph, ...model }: Model): ConstantParts | undefined {
  const graphs = graphsWithin(graph);
  const initializers = new Map(graphs.flatMap((g) => g.initializer.map((t) => [t.name, t] as const)));
  const inputs = new Set(graphs.flatMap((g) => g.input.map((i) => i.name)));
  const counts = new Map<string, number>();
  for (const [name, tensor] of initializers) if (!inputs.has(name)) counts.set(name, elementCount(tensor));
  const parts: NodeProto[] = [];
  const others: NodeProto[] = [];
  for (const node of graphs.flatMap((g) => g.node)) {
    const known = node.input.filter((name) => name !== '').map((name) => counts.get(name));
    const bound = bounds.get(node.opType);
    const sizes = known.filter((n) => n !== undefined);
    const most =
      isFoldable(node) && known.length === sizes.length && sizes.length > 0 ? bound?.(sizes) : undefined;
    if (most === undefined || most > MOST_ELEMENTS) {
      others.push(node);
      continue;
    }
    parts.push(node);
    for (const name of node.output) if (name !== '') counts.set(name, most);
  }
  const made = new Set(parts.flatMap((n) => n.output));
  const read = new Set([
    ...others.flatMap((n) => n.input),
    ...graphs.flatMap((g) => g.output.map((o) => o.name)),
  ]);
  const outputs = [...made].filter((name) => name !== '' && read.has(name));
  if (outputs.length === 0) return undefined;
  const needed = new Set(parts.flatMap((n) => n.input));
  const part = create(GraphProtoSchema, {
    name: 'constants',
    node: parts,
    initializer: [...initializers.values()].filter((t) => needed.has(t.name)),
    output: outputs.map((name) => create(ValueInfoProtoSchema, { name })),
  });
  return { model: { ...model, functions: [], graph: part }, outputs };
}

/** Puts computed constants into the model, in place, and removes the nodes that made them. */
export function applyConstants(main: GraphProto, computed: Readonly<Record<string, Tensor>>): void {
  const graphs = graphsWithin(main);
  const outputs = new Set(graphs.flatMap((g) => g.output.map((o) => o.name)));
  for (const graph of graphs) {
    for (const node of graph.node) {
      for (const [i, name] of node.output.entries()) {
        const tensor = initializerOf(name, ownValue(computed, name));
        // An output of its graph must come from a node.
        if (tensor === undefined || outputs.has(name)) continue;
        graph.initializer.push(tensor);
        node.output[i] = '';
      }
    }
  }
  // Backwards, so that what only such nodes read goes too.
  const read = new Set([...outputs, ...graphs.flatMap((g) => g.node.flatMap((n) => n.input))]);
  for (let before = -1; before !== read.size;) {
    before = read.size;
    for (const graph of graphs) {
      graph.node = graph.node.filter((n) => !isFoldable(n) || n.output.some((o) => o !== '' && read.has(o)));
    }
    read.clear();
    for (const name of [...outputs, ...graphs.flatMap((g) => g.node.flatMap((n) => n.input))]) read.add(name);
  }
  for (const graph of graphs) dropUnusedInitializers(graph);
}

function initializerOf(name: string, tensor: Tensor | undefined) {
  const { dims = [], data, type } = tensor ?? {};
  if (data instanceof Uint8Array && type === 'bool') {
    return Object.assign(makeTensor(name, dims, new Uint8Array(data)), {
      dataType: TensorProto_DataType.BOOL,
    });
  }
  if (data instanceof Float32Array) return makeTensor(name, dims, new Float32Array(data));
  if (data instanceof Int32Array) return makeTensor(name, dims, new Int32Array(data));
  if (data instanceof BigInt64Array) return makeTensor(name, dims, new BigInt64Array(data));
  return undefined;
}
