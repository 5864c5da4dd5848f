import type { GraphProto, NodeProto, TensorProto } from 'onnx-buf';
import { EngineError } from '../../shared/engineError';
import { makeNode, setTensor } from '../../onnx/graph/attributes';
import { floatValues, makeTensor } from '../../onnx/tensors/elements';
import { indexGraph, type GraphIndex } from '../../onnx/graph/graphIndex';
import { biasInput, type Layer } from '../../onnx/layers/layers';
import type { Operator } from '../../onnx/layers/operators';
import { clipBounds } from '../../onnx/layers/rescaling';
import { integersOn, quantize, roundHalfEven, type Affine } from '../affine';
import { activationAffine, isClipping, scaledBy } from '../grids';
import { layerGrids } from '../layerGrids';
import { fillConstant, type PlacedConstant } from '../placedConstant';
import type { QuantPlan } from '../plan';
import { quantizeDomain } from './quantizeDomain';
import type { Stored } from './storedWeights';
import { weightBits, type WrittenWeight } from '../weightBits';
import { isPerChannel, quantizeWeight, UNSIGNED_ZERO, unsignedCodes } from '../weights';
import { ownValue } from '../../shared/ownValue';

/** Largest magnitude of an int32 bias; half the range is left to the accumulator. */
const MAX_BIAS = 2 ** 30;

/** Names of exporters may have a hundred characters; what is made of them is called by a number beyond this many. */
const LONGEST_STEM = 24;

/** A quantized tensor: its integers, and the floats that they stand for. */
interface Pair {
  integers: string;
  floats: string;
}

/** Writes the layers of one graph or body. What a body reads from outside gets its pair inside: onnxruntime fuses within one graph. */
export class QdqWriter {
  /** Nodes to put in front of the one that reads their results. */
  private readonly before = new Map<NodeProto, NodeProto[]>();
  private readonly after = new Map<NodeProto, NodeProto[]>();
  private readonly removed = new Set<NodeProto>();
  /** By tensor, once it is quantized. */
  private readonly pairs = new Map<string, Pair>();
  /** By tensor, the one that is rounded to 16 bits. */
  private readonly wide = new Map<string, string>();
  /** Pairs for tensors that no node makes: inputs of the graph. */
  private readonly first: NodeProto[] = [];
  private readonly numbers = new Map<string, number>();
  /** What was written of layers between QuantizeLinear and DequantizeLinear, in their target's usual bits. */
  readonly weights: WrittenWeight[] = [];
  private readonly index: GraphIndex;

  /** @param constants of the whole model, by name */
  constructor(
    private readonly graph: GraphProto,
    constants: GraphIndex['initializers'],
    private readonly plan: QuantPlan,
    /** The model's default operator set. */
    private readonly opset: number,
    private readonly fresh: (wish: string) => string,
  ) {
    this.index = indexGraph(graph, constants);
  }

  /**
   * Quantizes what a node and the nodes behind it that belong to it make. Everything behind reads the dequantized tensor, so
   * that the float one is its maker's own.
   */
  quantizeOutput(maker: NodeProto, tail: readonly NodeProto[], tensor: string): void {
    if (!this.index.producer.has(tensor) || this.pairs.has(tensor)) return;
    const last = this.lastUnclipped(maker, tail, this.affineOf(tensor));
    const own = last === (tail.at(-1) ?? maker) ? tensor : (last.output[0] ?? '');
    const float = this.named(tensor, 'float');
    last.output = last.output.map((o) => (o === own ? float : o));
    this.putBehind(last, this.pair(tensor, float, tensor));
  }

  /**
   * Removes a Relu or Clip at the end of the tail where the grid ends no further out than it does: what saturates there is
   * clipped, and onnxruntime would leave the convolution before a Clip in float.
   * @returns the last node that stays
   */
  private lastUnclipped(maker: NodeProto, tail: readonly NodeProto[], grid: Affine): NodeProto {
    const last = tail.at(-1) ?? maker;
    const bounds = tail.length === 0 ? undefined : clipBounds(last, this.index);
    if (bounds === undefined) return last;
    const { scale, zeroPoint, low, high } = grid;
    // A zero point is rounded, so that a grid's ends lie up to half a step further out than they were meant to.
    const slack = 0.51 * scale;
    const fits =
      (low - zeroPoint) * scale >= bounds.low - slack && (high - zeroPoint) * scale <= bounds.high + slack;
    if (!fits) return last;
    this.removed.add(last);
    return tail.at(-2) ?? maker;
  }

  /** What an operator makes; one that only reads integers differently is replaced by that. */
  quantizeResult({ nodes, tail, inputs, outputs, form, rescaling }: Operator): void {
    const [node] = nodes;
    const last = nodes.at(-1);
    if (node === undefined || last === undefined) return;
    if (form === 'fill') {
      this.fillIntegers(node, inputs[0] ?? '');
      return;
    }
    if (rescaling === null) {
      for (const output of outputs) this.quantizeOutput(node, tail, output);
      return;
    }
    const [[input = ''], [output = '']] = [inputs, outputs];
    const { integers } = this.quantized(input);
    for (const each of nodes) this.removed.add(each);
    const scaled = this.gridConstants(`${output}_scaled`, scaledBy(this.affineOf(input), rescaling.factor));
    if (!isClipping(rescaling)) {
      this.pairs.set(output, { integers, floats: output });
      this.putBehind(last, [this.dequantizer(integers, output, scaled)]);
      return;
    }
    // An integer sum onto a grid that ends where the function does, which is what clips; onnxruntime has no other way to
    // another grid but through floats.
    const [before, shift, sum] = ['scaled', 'shift', 'sum'].map((part) => this.named(output, part));
    const shiftName = `${output}_shift`;
    const constant = makeTensor(shift ?? '', [], Float32Array.of(rescaling.shift));
    const shifted = this.quantizedConstant(shiftName, constant, (x) => x);
    this.putBehind(last, [
      this.dequantizer(integers, before ?? '', scaled),
      ...shifted.nodes,
      makeNode('Add', this.fresh(`${output}_Add`), [before ?? '', shifted.result], [sum ?? '']),
      ...this.pair(output, sum ?? '', output),
    ]);
  }

  /** Lets a node move integers of a tensor and put those that stand for zero around them. */
  private fillIntegers(node: NodeProto, tensor: string): void {
    const [output = ''] = node.output;
    const [scale, zeroPoint] = this.gridConstants(output, this.affineOf(tensor));
    const { integers } = this.quantized(tensor);
    if (node.opType === 'Pad') {
      node.input.splice(0, 3, integers, node.input[1] ?? '', zeroPoint);
    } else {
      node.input = node.input.map((name) =>
        name === tensor ? integers : this.zerosLike(name, node, tensor),
      );
    }
    const filled = this.named(output, 'quantized');
    node.output = [filled];
    this.pairs.set(output, { integers: filled, floats: output });
    this.putBehind(node, [this.dequantizer(filled, output, [scale, zeroPoint])]);
  }

  /** The zeros of a ConstantOfShape as integers of a tensor's grid, in front of their reader. */
  private zerosLike(zeros: string, reader: NodeProto, tensor: string): string {
    const grid = this.affineOf(tensor);
    const result = this.named(zeros, 'quantized');
    const shape = this.index.producer.get(zeros)?.input ?? [];
    const node = makeNode('ConstantOfShape', '', shape, [result]);
    setTensor(node, 'value', makeTensor('', [1], integersOn(grid, [grid.zeroPoint])));
    this.putBefore(reader, [node]);
    return result;
  }

  /** What an operator reads: tensors, and its own constants on grids of their own. */
  quantizeOperands({ nodes, inputs, form }: Operator): void {
    const [node] = nodes;
    if (node === undefined || form === 'rescaling' || form === 'fill') return;
    const wanted = new Set(inputs);
    for (const [i, name] of node.input.entries()) {
      if (wanted.has(name) && (form !== 'same' || i === 0)) node.input[i] = this.quantized(name).floats;
      else if (form === 'own') this.quantizeConstant(node, i);
    }
  }

  /** A constant operand of a sum or product. Integers know no difference and no quotient: those become sum and product. */
  private quantizeConstant(node: NodeProto, i: number): void {
    const tensor = this.index.initializers.get(node.input[i] ?? '');
    if (tensor === undefined) return;
    const inverse: Record<string, [opType: string, map: (x: number) => number] | undefined> = {
      Sub: ['Add', (x) => -x],
      Div: ['Mul', (x) => 1 / x],
    };
    const [opType, map] = ownValue(inverse, node.opType) ?? [node.opType, (x: number) => x];
    node.opType = opType;
    const { nodes, result } = this.quantizedConstant(tensor.name, tensor, map);
    node.input[i] = result;
    this.putBefore(node, nodes);
  }

  /** A constant in the activations' type, on a grid of its own. */
  private quantizedConstant(
    wish: string,
    tensor: TensorProto,
    map: (x: number) => number,
  ): { nodes: NodeProto[]; result: string } {
    const values = floatValues(tensor).map(map);
    const min = values.reduce((a, b) => Math.min(a, b), 0);
    const max = values.reduce((a, b) => Math.max(a, b), 0);
    const grid = activationAffine(this.plan.profile, { min, max }, Math.max(-min, max));
    const integers = integersOn(
      grid,
      Array.from(values, (x) => quantize(x, grid)),
    );
    const name = this.named(wish, 'quantized');
    this.graph.initializer.push(makeTensor(name, tensor.dims.map(Number), integers));
    const result = this.named(wish, 'dequantized');
    return { nodes: [this.dequantizer(name, result, this.gridConstants(wish, grid))], result };
  }

  quantizeInputs(layer: Layer): void {
    const { node, weight, bias } = layer;
    const grid = this.plan.grids.get(layer.name) ?? 'int8';
    const isWide = layerGrids[grid].activations === 16;
    const isByte = layerGrids[grid].activations === 8;
    layer.activations.forEach((tensor, i) => {
      if (isWide) node.input[i] = this.widened(tensor);
      else if (isByte) node.input[i] = this.quantized(tensor).floats;
    });
    if (weight === null) return;
    const axis = this.plan.weights === 'per-channel' ? layer.channelAxis : null;
    // In steps of 16-bit activations a bias would not fit into int32, and floats have no steps.
    const hasBias = this.plan.profile.quantizeBias && isByte;
    const inputScale = hasBias ? this.affineOf(layer.activations[0] ?? '').scale : 1;
    const biasValues = bias && hasBias ? floatValues(bias) : null;
    // A bias is counted in steps of inputScale · weightScale; where those are too fine for int32, widen them.
    const largestBias = biasValues?.reduce((most, b) => Math.max(most, Math.abs(b)), 0) ?? 0;
    const leastScale = (channel: number) => {
      const most = axis === null ? largestBias : Math.abs(biasValues?.[channel] ?? 0);
      return most / inputScale / MAX_BIAS;
    };
    const isUnsigned = grid === 'uint8';
    const dims = weight.dims.map(Number);
    const count = axis === null ? 1 : (dims[axis] ?? 1);
    const scaleDims = axis === null ? [] : [count];
    const zeros = isUnsigned ? new Uint8Array(count).fill(UNSIGNED_ZERO) : new Int8Array(count);
    const placed = this.dequantizedConstant(node, weight.name, { dims: scaleDims, zeros }, axis ?? undefined);
    node.input[1] = placed.result;
    // The bias of a MatMul is added by a node of its own.
    const add = layer.tail.find((n) => n.opType === 'Add');
    const reader = add ?? node;
    const place = add === undefined ? 2 : add.input.indexOf(biasInput(add, node) ?? '');
    const hasIntegerBias = bias !== null && biasValues !== null && isPerChannel(bias, dims, layer);
    // A zero point of 0 is what is meant without one, and kernels do not look at a bias's.
    const placedBias = hasIntegerBias
      ? this.dequantizedConstant(
          reader,
          bias.name,
          { dims: scaleDims, zeros: null },
          axis === null ? undefined : bias.dims.length - 1,
        )
      : null;
    if (placedBias !== null) reader.input[place] = placedBias.result;
    this.weights.push({
      layer,
      fill: (bits) => {
        const { values, scales } = quantizeWeight(weight, axis, leastScale, bits);
        fillConstant(
          this.graph,
          placed,
          dims,
          isUnsigned ? unsignedCodes(values) : values,
          scaleDims,
          scales,
        );
        if (placedBias === null || bias === null || biasValues === null) return;
        const steps = scales.map((s) => s * inputScale);
        const integers = Int32Array.from(biasValues, (b, i) =>
          roundHalfEven(b / (steps[axis === null ? 0 : i] ?? 1)),
        );
        fillConstant(this.graph, placedBias, bias.dims.map(Number), integers, scaleDims, steps);
      },
    });
    this.weights.at(-1)?.fill(weightBits(layer, grid, this.plan.profile));
  }

  /** Puts what a layer's node was rewritten to need around it. */
  place(node: NodeProto, { before, after, constants }: Stored): void {
    this.graph.initializer.push(...constants);
    this.putBefore(node, before);
    // What quantizes the result for others reads it, so it comes behind.
    this.after.set(node, [...after, ...(this.after.get(node) ?? [])]);
  }

  finish(): void {
    this.graph.node = [
      ...this.first,
      ...this.graph.node.flatMap((n) => [
        ...(this.before.get(n) ?? []),
        ...(this.removed.has(n) ? [] : [n]),
        ...(this.after.get(n) ?? []),
      ]),
    ];
    // Where others read the same integers on another scale, and nobody on this one, onnxruntime would compute it all the same.
    const { consumers, outputs } = indexGraph(this.graph);
    const isRead = (name: string) => consumers.has(name) || outputs.has(name);
    const isShared = (name = '') => (consumers.get(name)?.length ?? 0) > 1;
    const isDead = ({ opType, input, output }: NodeProto) =>
      !output.some(isRead) &&
      (opType === 'ConstantOfShape' || (opType === 'DequantizeLinear' && isShared(input[0])));
    this.graph.node = this.graph.node.filter((n) => !isDead(n));
  }

  private putBefore(node: NodeProto, nodes: readonly NodeProto[]): void {
    this.before.set(node, [...(this.before.get(node) ?? []), ...nodes]);
  }

  private putBehind(node: NodeProto, nodes: readonly NodeProto[]): void {
    this.after.set(node, [...(this.after.get(node) ?? []), ...nodes]);
  }

  private affineOf(tensor: string, grids: ReadonlyMap<string, Affine> = this.plan.activations): Affine {
    const affine = grids.get(tensor);
    if (affine !== undefined) return affine;
    throw new EngineError(
      'runtime',
      `Tensor ${tensor} never got a value during calibration, so it has no range.`,
      'Keep the layers that read it in float, or add samples that reach it.',
    );
  }

  /** The pair of a tensor; made behind its maker, for those who ask, where it is not there yet. */
  private quantized(tensor: string): Pair {
    const known = this.pairs.get(tensor);
    if (known !== undefined) return known;
    this.putBehindMaker(tensor, this.pair(tensor, tensor, this.named(tensor, 'dequantized')));
    return this.quantized(tensor);
  }

  /** The tensor rounded to its 16-bit grid, beside the 8-bit one that others may read it on. */
  private widened(tensor: string): string {
    const known = this.wide.get(tensor);
    if (known !== undefined) return known;
    const affine = this.affineOf(tensor, this.plan.wide);
    const grid = this.gridConstants(tensor, affine);
    const [integers, floats] = [this.named(tensor, 'wide_quantized'), this.named(tensor, 'wide')];
    const nodes = [this.quantizer(tensor, integers, grid), this.dequantizer(integers, floats, grid)];
    const domain = quantizeDomain(affine.low === 0 ? 'uint16' : 'int16', this.opset);
    for (const node of nodes) node.domain = domain;
    this.wide.set(tensor, floats);
    this.putBehindMaker(tensor, nodes);
    return floats;
  }

  private putBehindMaker(tensor: string, nodes: readonly NodeProto[]): void {
    const made = this.index.producer.get(tensor);
    if (made === undefined) this.first.push(...nodes);
    else this.putBehind(made, nodes);
  }

  /** QuantizeLinear and DequantizeLinear from `from` to `to` on the grid of `tensor`, whose pair they become. */
  private pair(tensor: string, from: string, to: string): NodeProto[] {
    const grid = this.gridConstants(tensor, this.affineOf(tensor));
    const integers = this.named(tensor, 'quantized');
    this.pairs.set(tensor, { integers, floats: to });
    return [this.quantizer(from, integers, grid), this.dequantizer(integers, to, grid)];
  }

  /** A name for what belongs to a tensor. Every pair has a handful, which would be a fifth of a small model's file. */
  private named(tensor: string, part: string): string {
    if (tensor.length <= LONGEST_STEM) return this.fresh(`${tensor}_${part}`);
    const number = this.numbers.get(tensor) ?? this.numbers.size;
    this.numbers.set(tensor, number);
    return this.fresh(`q${number}_${part}`);
  }

  // These go without a name of their own: onnxruntime and people know them by what they read and make.
  private quantizer(from: string, to: string, grid: readonly string[]): NodeProto {
    return makeNode('QuantizeLinear', '', [from, ...grid], [to]);
  }

  private dequantizer(from: string, to: string, grid: readonly string[]): NodeProto {
    return makeNode('DequantizeLinear', '', [from, ...grid], [to]);
  }

  /** Scale and zero point as constants of the graph. */
  private gridConstants(tensor: string, grid: Affine): [scale: string, zeroPoint: string] {
    const { scale, zeroPoint } = grid;
    const names: [string, string] = [this.named(tensor, 'scale'), this.named(tensor, 'zero_point')];
    this.graph.initializer.push(
      makeTensor(names[0], [], Float32Array.of(scale)),
      makeTensor(names[1], [], integersOn(grid, [zeroPoint])),
    );
    return names;
  }

  /** A DequantizeLinear of a constant in front of its reader; {@link fillConstant} says what the constant holds. */
  private dequantizedConstant(
    reader: NodeProto,
    name: string,
    { dims, zeros }: { dims: number[]; zeros: Int8Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | null },
    axis: number | undefined,
  ): PlacedConstant {
    const [integers, scale, zero, result] = [
      this.named(name, 'quantized'),
      this.named(name, 'scale'),
      this.named(name, 'zero_point'),
      this.named(name, 'dequantized'),
    ];
    if (zeros !== null) this.graph.initializer.push(makeTensor(zero, dims, zeros));
    const input = zeros === null ? [integers, scale] : [integers, scale, zero];
    const node = makeNode('DequantizeLinear', '', input, [result], axis === undefined ? {} : { axis });
    this.putBefore(reader, [node]);
    return { integers, scale, result };
  }
}
