import type { GraphProto, NodeProto, TensorProto } from 'onnx-buf';
import { attribute, intAttribute, subgraphs } from '../../onnx/graph/attributes';
import { elementCount, floatValues, isFloat } from '../../onnx/tensors/elements';
import { constantsWithin } from '../../onnx/graph/constants';
import { indexGraph } from '../../onnx/graph/graphIndex';
import { isZeros } from '../../onnx/layers/operators';

/** Tensors whose axis 1 are the same channels, one by one. */
export interface ChannelClass {
  count: number;
  /** A convolution that works on each of them by itself is among those who read or make them. */
  isDepthwise: boolean;
  /** Whether further channels of zeros would be zeros in all its tensors. */
  keepsZeros: boolean;
  /** Everyone who reads or makes them is known and can take further channels. */
  isOpen: boolean;
}

/** A Concat that puts channels of zeros behind those of another class. */
export interface Widening {
  node: NodeProto;
  from: string;
  to: string;
}

export interface ChannelClasses {
  /** Of an activation; tensors of one class have the same object. */
  classOf: (tensor: string) => ChannelClass | undefined;
  widenings: Widening[];
}

/** What handles each channel by itself and makes nothing of zero. */
const zeroKeeping = new Set(
  'Relu LeakyRelu Tanh Abs Elu HardSwish Mish Erf Gelu MaxPool AveragePool GlobalAveragePool GlobalMaxPool'.split(
    ' ',
  ),
);
/** What handles each channel by itself. */
const channelwise = new Set([...zeroKeeping, ...'Sigmoid HardSigmoid Clip Softplus Sqrt Exp'.split(' ')]);
const products = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** Finds which tensors of the model's own graph share their channels, and whether further ones could be added. */
export function channelClasses(graph: GraphProto): ChannelClasses {
  const constants = constantsWithin(graph);
  const index = indexGraph(graph, constants);
  const classes = new Classes();
  const widenings: Widening[] = [];
  const block = (names: readonly string[]) => {
    for (const name of names) if (name !== '' && !constants.has(name)) classes.of(name).isOpen = false;
  };
  const readConv = (node: NodeProto) => {
    const [x = '', w = '', b = ''] = node.input;
    const [y = ''] = node.output;
    const weight = constants.get(w);
    const bias = constants.get(b);
    if (
      weight?.dims.length !== 4 ||
      !isFloat(weight) ||
      (b !== '' && (bias === undefined || !isFloat(bias)))
    ) {
      block([x, y]);
      return;
    }
    const [outputs = 0, perGroup = 0] = weight.dims.map(Number);
    const group = intAttribute(node, 'group', 1);
    if (group > 1) {
      if (perGroup !== 1 || outputs !== group) {
        block([x, y]);
        return;
      }
      classes.join(x, y);
      classes.of(y).isDepthwise = true;
    }
    classes.count(x, perGroup * group);
    classes.count(y, outputs);
  };
  const readProduct = (node: NodeProto) => {
    const [y = ''] = node.output;
    const activations = node.input.filter((name) => !constants.has(name));
    // Nothing divided by nothing would be no number.
    if (node.opType === 'Div' && !constants.has(node.input[1] ?? '')) {
      block([...node.input, y]);
      return;
    }
    for (const name of activations) classes.join(name, y);
    for (const tensor of node.input.flatMap((name) => constants.get(name) ?? [])) {
      const channels = channelVector(tensor);
      if (channels === undefined) block([y]);
      else if (channels > 1) classes.count(y, channels);
      else if (node.opType === 'Add' || node.opType === 'Sub') classes.of(y).keepsZeros = false;
    }
  };
  const isFilling = (name: string) => {
    const tensor = constants.get(name);
    if (tensor === undefined) return isZeros(name, index);
    return isFloat(tensor) && floatValues(tensor).every((value) => value === 0);
  };
  const readConcat = (node: NodeProto) => {
    const [from = '', zeros = ''] = node.input;
    const [to = ''] = node.output;
    const isWidening = node.input.length === 2 && intAttribute(node, 'axis', 0) === 1 && isFilling(zeros);
    if (isWidening && !constants.has(from) && !isFilling(from)) widenings.push({ node, from, to });
    else block([...node.input, to]);
  };
  for (const node of graph.node) {
    const [x = '', ...others] = node.input;
    const isDefault = node.domain === '' || node.domain === 'ai.onnx';
    const isPlain = node.output.length === 1 && others.every((name) => name === '' || constants.has(name));
    if (!isDefault) block([...node.input, ...node.output]);
    else if (node.opType === 'Conv') readConv(node);
    else if (products.has(node.opType)) readProduct(node);
    else if (node.opType === 'Concat') readConcat(node);
    else if (isPlain && (channelwise.has(node.opType) || isSpatialMean(node))) {
      classes.join(x, node.output[0] ?? '');
      if (channelwise.has(node.opType) && !zeroKeeping.has(node.opType)) classes.of(x).keepsZeros = false;
    } else block([...node.input, ...node.output]);
  }
  block([...graph.input, ...graph.output].map((i) => i.name));
  for (const [name, readers] of index.consumers)
    if (readers.some((reader) => subgraphs(reader).length > 0)) block([name]);
  // Without a convolution on both sides nobody knows how many.
  const known = widenings.filter(({ from, to }) => {
    const fits = classes.of(from).count > 0 && classes.of(to).count > classes.of(from).count;
    if (!fits) block([from, to]);
    return fits;
  });
  return { classOf: (tensor) => classes.known(tensor), widenings: known };
}

/** How many channels a constant has a value for, in [C,1,1] or [1,C,1,1]; 1 for a single value; nothing for other shapes. */
export function channelVector(tensor: TensorProto): number | undefined {
  const dims = tensor.dims.map(Number);
  const count = elementCount(tensor);
  if (!isFloat(tensor)) return undefined;
  if (count === 1) return 1;
  return dims.length <= 4 && dims.at(-3) === count ? count : undefined;
}

/** Whether a ReduceMean leaves one value of each channel, in its place; of axes that are an attribute. */
function isSpatialMean(node: NodeProto): boolean {
  const axes = attribute(node, 'axes')?.ints.map(Number) ?? [];
  const isSpatial = axes.length > 0 && axes.every((axis) => axis > 1 || axis === -1 || axis === -2);
  return node.opType === 'ReduceMean' && intAttribute(node, 'keepdims', 1) === 1 && isSpatial;
}

/** Union-find over tensors. */
class Classes {
  private readonly parent = new Map<string, string>();
  private readonly found = new Map<string, ChannelClass>();

  of(tensor: string): ChannelClass {
    const root = this.root(tensor);
    const known = this.found.get(root);
    if (known !== undefined) return known;
    const fresh = { count: 0, isDepthwise: false, keepsZeros: true, isOpen: true };
    this.found.set(root, fresh);
    return fresh;
  }

  known(tensor: string): ChannelClass | undefined {
    return this.found.get(this.root(tensor));
  }

  /** Two counts of the same channels mean that they are not the same. */
  count(tensor: string, count: number): void {
    const own = this.of(tensor);
    if (own.count !== 0 && own.count !== count) own.isOpen = false;
    own.count = count;
  }

  join(a: string, b: string): void {
    const [one, other] = [this.of(a), this.of(b)];
    if (one === other) return;
    this.parent.set(this.root(b), this.root(a));
    if (other.count !== 0) this.count(a, other.count);
    one.isDepthwise ||= other.isDepthwise;
    one.keepsZeros &&= other.keepsZeros;
    one.isOpen &&= other.isOpen;
  }

  private root(tensor: string): string {
    let found = tensor;
    for (let next = this.parent.get(found); next !== undefined; next = this.parent.get(found)) found = next;
    if (found !== tensor) this.parent.set(tensor, found);
    return found;
  }
}
