import type { GraphProto, NodeProto } from 'onnx-buf';
import { ownValue } from '../../shared/ownValue';
import { attribute } from '../graph/attributes';
import { constantsWithin } from '../graph/constants';
import { indexGraph, soleConsumer, type GraphIndex } from '../graph/graphIndex';
import { graphsWithin } from '../graph/scopes';
import { floatValues, isFloat } from '../tensors/elements';
import { findBlocks } from './blocks';
import type { Layer } from './layers';
import { networkValues } from './networkValues';
import { clipBounds, rescalingFrom, type Rescaling } from './rescaling';

/**
 * How a target computes an operator on integers: `own`, its result has a grid of its own; `same`, it moves or selects
 * values, which stay on the grid that they came on; `join`, it puts tensors together whatever their grids; `same-join`,
 * they must all share one; `fill`, it moves values and
 * puts zeros around them, and is written on the integers themselves, since the target fuses it with no conversions.
 */
export type OperatorForm = 'own' | 'same' | 'join' | 'same-join' | 'fill';

/** Whether values stay on the grid that they came on. */
export function keepsGrid(form: Operator['form']): boolean {
  return form === 'same' || form === 'fill';
}

/** What a target computes on integers between the layers. */
export interface OperatorForms {
  /** By operator type; an operator without one stays in float. */
  forms: Readonly<Record<string, OperatorForm | undefined>>;
  /** Whether zero points are free, so that what only scales, shifts and clips is another reading of the same integers. */
  rescalings: boolean;
}

/** What stands between layers and can be computed on integers: one node, or several that a target computes as one. */
export interface Operator {
  /** Of the node that makes the result. */
  name: string;
  opType: string;
  /** `rescaling` is computed by reading the same integers differently, or by clipping them to another grid. */
  form: OperatorForm | 'rescaling';
  nodes: NodeProto[];
  /** A Relu or Clip that alone follows. */
  tail: NodeProto[];
  graph: GraphProto;
  /** Values of the network that it reads. */
  inputs: string[];
  /** Behind the tail. */
  outputs: string[];
  rescaling: Rescaling | null;
}

/** Blocks whose parts span more orders of magnitude than 8 bits: a variance, exponentials and their sum. */
const floatBlocks = new Set(['LayerNorm', 'Softmax', 'GELU']);

/** A Sub and a Div compute on integers only with a constant on the right, as Add and Mul. */
const rightConstant = new Set(['Sub', 'Div']);

/**
 * Operators between the layers of a normalized model that a target computes on integers, in the order of the nodes. Those
 * that make a result of the model are left out: it leaves as floats.
 */
export function findOperators(
  main: GraphProto,
  layers: readonly Layer[],
  { forms, rescalings }: OperatorForms,
): Operator[] {
  const values = networkValues(main);
  const constants = constantsWithin(main);
  const inFloat = new Set(findBlocks(main).flatMap((b) => (floatBlocks.has(b.kind) ? b.nodes : [])));
  const taken = new Set(layers.flatMap((l) => [l.node, ...l.tail]));
  return graphsWithin(main).flatMap((graph) => {
    const index = indexGraph(graph, constants);
    const isFree = (node: NodeProto) =>
      !taken.has(node) && !inFloat.has(node.name) && (node.domain === '' || node.domain === 'ai.onnx');
    return graph.node.flatMap((node): Operator[] => {
      if (!isFree(node)) return [];
      const found =
        (rescalings ? rescalingAt(node, graph, index, values, isFree) : undefined) ??
        plain(node, graph, index, values, forms);
      if (found === undefined || found.outputs.some((name) => index.outputs.has(name))) return [];
      for (const each of [...found.nodes, ...found.tail]) taken.add(each);
      return [found];
    });
  });
}

function rescalingAt(
  start: NodeProto,
  graph: GraphProto,
  index: GraphIndex,
  values: ReadonlySet<string>,
  isFree: (node: NodeProto) => boolean,
): Operator | undefined {
  const found = rescalingFrom(start, index, isFree);
  if (found === undefined || !values.has(found.input)) return undefined;
  const last = found.nodes.at(-1) ?? start;
  return {
    name: last.name,
    opType: found.nodes.length === 1 ? last.opType : found.nodes.map((n) => n.opType).join('+'),
    form: 'rescaling',
    nodes: found.nodes,
    tail: [],
    graph,
    inputs: [found.input],
    outputs: [last.output[0] ?? ''],
    rescaling: found.rescaling,
  };
}

function plain(
  node: NodeProto,
  graph: GraphProto,
  index: GraphIndex,
  values: ReadonlySet<string>,
  forms: OperatorForms['forms'],
): Operator | undefined {
  const { opType, name } = node;
  const form = opType === 'Concat' && isFilled(node, index, values) ? forms['Pad'] : ownValue(forms, opType);
  if (form === undefined || (opType === 'Pad' && !padsZeros(node, index))) return undefined;
  const outputs = node.output.filter((o) => o !== '');
  if (outputs.length === 0 || (opType !== 'Split' && outputs.length > 1)) return undefined;
  // A condition is no value.
  const operands = opType === 'Where' ? node.input.slice(1) : node.input;
  const isOther = (i: string) => i !== '' && (form !== 'fill' || values.has(i));
  const read = form === 'same' ? operands.slice(0, 1) : operands.filter(isOther);
  const inputs = read.filter((i) => values.has(i));
  if (inputs.length === 0 || outputs.some((o) => !values.has(o))) return undefined;
  const others = read.filter((i) => !values.has(i)).map((i) => index.initializers.get(i));
  if (others.some((t) => t === undefined || !isFloat(t)) || (form !== 'own' && others.length > 0))
    return undefined;
  if (rightConstant.has(opType) && !index.initializers.has(node.input[1] ?? '')) return undefined;
  const tail = form === 'own' ? clipBehind(node, index) : [];
  return {
    ...{ name, opType, form, nodes: [node], tail, graph, inputs },
    outputs: tail[0] === undefined ? outputs : [tail[0].output[0] ?? ''],
    rescaling: null,
  };
}

function clipBehind(node: NodeProto, index: GraphIndex): NodeProto[] {
  const next = soleConsumer(index, node.output[0] ?? '');
  return next?.input[0] === node.output[0] && next !== undefined && clipBounds(next, index) ? [next] : [];
}

/** Whether a Pad puts nothing but zeros, or values that are there, around. */
function padsZeros({ input }: NodeProto, { initializers }: GraphIndex): boolean {
  const name = input[2] ?? '';
  const value = initializers.get(name);
  return name === '' || (value !== undefined && isFloat(value) && floatValues(value)[0] === 0);
}

/** Whether a Concat joins one value of the network with tensors of zeros: a Pad, as exporters write it for channels. */
function isFilled({ input }: NodeProto, index: GraphIndex, values: ReadonlySet<string>): boolean {
  const others = input.filter((i) => !values.has(i));
  return others.length === input.length - 1 && others.length > 0 && others.every((i) => isZeros(i, index));
}

/** Whether a tensor is made of zeros as the model runs. */
export function isZeros(tensor: string, { producer }: Pick<GraphIndex, 'producer'>): boolean {
  const made = producer.get(tensor);
  const value = made && attribute(made, 'value')?.t;
  if (made?.opType !== 'ConstantOfShape') return false;
  return value === undefined || (isFloat(value) && floatValues(value)[0] === 0);
}

/** What only moves values loses none of them. */
export function computes({ form, opType }: Operator): boolean {
  return !keepsGrid(form) || opType === 'Resize';
}
