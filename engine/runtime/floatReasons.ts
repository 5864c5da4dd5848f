import type { GraphProto, NodeProto } from 'onnx-buf';
import { gridKeyOf, integerTypeOf } from '../onnx/layers/pairGrids';
import { originsWithin, type Origins } from '../onnx/layers/quantizedOrigin';
import { attribute } from '../onnx/graph/attributes';
import { indexGraph, type GraphIndex } from '../onnx/graph/graphIndex';
import { integerKernels, type IntegerKernel } from '../onnx/layers/integerKernels';
import { originalNames, unfused } from './originalNames';
import type { TensorKind } from '../onnx/layers/tensorKinds';
import { ownValue } from '../shared/ownValue';

/** What is known of a model's nodes before onnxruntime sees them. */
export interface KnownReasons {
  /** The graph as it is handed to onnxruntime. */
  original: GraphProto;
  /** Layers that were left in float on purpose. */
  keepFloat: readonly string[];
  unquantizable: readonly { name: string; reason: string }[];
}

const moves = new Set(
  'Transpose Reshape Flatten Squeeze Unsqueeze Slice Split Concat Expand Cast'.split(' '),
);
const clips = new Set(['Relu', 'Clip']);

/** Whether onnxruntime's kernels on this processor take int8 activations beside int8 weights. */
const takesInt8 = process.arch === 'arm64';

function behindIt(opType: string): string {
  return clips.has(opType)
    ? `The ${opType} behind it stays: the grid there does not end where it clips.`
    : `Its result is read in float by ${opType}.`;
}

/** Says why nodes of a graph that onnxruntime optimized compute in float, from what stands around each. */
export class FloatReasons {
  private readonly origins: Origins;
  private readonly originalName: ReturnType<typeof originalNames>;
  private readonly kept: ReadonlySet<string>;
  private readonly stated: ReadonlyMap<string, string>;

  /** @param main the whole graph, whose constants its bodies may read */
  constructor(
    main: GraphProto,
    private readonly kinds: ReadonlyMap<string, TensorKind>,
    known: KnownReasons,
  ) {
    this.origins = originsWithin(main);
    this.originalName = originalNames(known.original);
    this.kept = new Set(known.keepFloat);
    this.stated = new Map(known.unquantizable.map((u) => [u.name, u.reason]));
  }

  /** Reasons for the float nodes of one graph or body, each a sentence. */
  inGraph(graph: GraphProto): (node: NodeProto) => string {
    const index = indexGraph(graph, this.origins.initializers);
    return (node) => this.reasonOf(node, index);
  }

  private reasonOf(node: NodeProto, index: GraphIndex): string {
    const name = this.originalName(node);
    if (this.kept.has(name)) return 'Kept in float by choice.';
    const stated = this.stated.get(name);
    if (stated !== undefined) return stated;
    const opType = unfused(node.opType);
    if (opType === 'MatMulNBits') return 'Its weights are in 4 bits; it computes in float.';
    const kernel = ownValue(integerKernels, opType);
    if (clips.has(opType)) return 'It would vanish only before a grid that ends where it clips.';
    if (kernel === undefined) return `onnxruntime has no integer ${opType}.`;
    return (
      this.reasonBefore(node, kernel) ??
      this.reasonOfTypes(node, kernel, index) ??
      this.reasonBehind(node, kernel, index) ??
      'onnxruntime did not fuse it; the graph does not tell why.'
    );
  }

  /** What keeps its inputs from being integers. */
  private reasonBefore(node: NodeProto, { weight, bias }: IntegerKernel): string | undefined {
    for (const [i, name] of node.input.entries()) {
      if (name === '' || this.kinds.get(name) === 'other') continue;
      if (this.dequantizer(name) !== undefined) continue;
      if (this.origins.initializers.has(name)) {
        if (i === bias) return 'Its bias is in float; the integer form takes int32.';
        // Scales of a Resize, bounds of a Clip: read as they are.
        if (weight === undefined && node.opType === 'Resize') continue;
        return i === weight ? 'Its weight is in float.' : 'Its constant is in float.';
      }
      return this.reasonOfSource(name);
    }
    return undefined;
  }

  private reasonOfSource(tensor: string): string {
    let source = this.origins.producer.get(tensor);
    if (source === undefined) return 'Reads an input of the model, which has no grid.';
    const moved = source.opType;
    // A damaged graph may run in a circle.
    for (let steps = 0; steps < 8 && source !== undefined && moves.has(source.opType); steps++) {
      source = this.origins.producer.get(source.input[0] ?? '');
    }
    if (source?.opType === 'DequantizeLinear') return `A ${moved} stands between it and the integers.`;
    return source === undefined
      ? 'Reads an input of the model, which has no grid.'
      : `Reads floats from ${source.opType}.`;
  }

  private reasonOfTypes(node: NodeProto, { weight, bias, result }: IntegerKernel, index: GraphIndex) {
    const before = node.input.flatMap((name, i) => {
      const grid = i === weight || i === bias ? undefined : this.dequantizer(name);
      return grid === undefined ? [] : [integerTypeOf(grid, this.origins.initializers)];
    });
    const behind = (index.consumers.get(node.output[0] ?? '') ?? [])
      .filter((reader) => reader.opType === 'QuantizeLinear')
      .map((reader) => integerTypeOf(reader, this.origins.initializers));
    const types = new Set([...before, ...behind]);
    const wide = [...types].find((type) => type.endsWith('16'));
    if (wide !== undefined && result !== 'same') return `onnxruntime has no integer form of it for ${wide}.`;
    if (types.has('int8') && !takesInt8 && result !== 'same') {
      return 'Its activations are int8; onnxruntime wants uint8 on this processor.';
    }
    if (types.size > 1) return `It joins different types: ${[...types].sort().join(', ')}.`;
    return undefined;
  }

  /** What keeps its result from being integers. */
  private reasonBehind(node: NodeProto, { result }: IntegerKernel, index: GraphIndex): string | undefined {
    const activation = attribute(node, 'activation');
    const fused = activation === undefined ? '' : new TextDecoder().decode(activation.s);
    if (fused !== '') return behindIt(fused);
    const output = node.output[0] ?? '';
    if (result === 'any') {
      const reads = (index.consumers.get(output) ?? []).map((reader) => reader.opType === 'QuantizeLinear');
      const isMixed = reads.includes(true) && (reads.includes(false) || index.outputs.has(output));
      return isMixed ? 'Its result is read both on a grid and in float.' : undefined;
    }
    if (index.outputs.has(output)) return 'Its result leaves the model in float.';
    const readers = index.consumers.get(output) ?? [];
    const floats = readers.filter((reader) => reader.opType !== 'QuantizeLinear');
    const [reader] = floats;
    if (reader !== undefined) {
      return floats.length === readers.length || clips.has(reader.opType)
        ? behindIt(reader.opType)
        : `Its result is also read in float by ${reader.opType}.`;
    }
    if (result !== 'same') return undefined;
    const grids = [this.dequantizer(node.input[0] ?? ''), ...readers].map(
      (n) => n && gridKeyOf(n, this.origins.initializers),
    );
    return new Set(grids).size > 1 ? 'The grids before and behind it differ.' : undefined;
  }

  private dequantizer(tensor: string): NodeProto | undefined {
    const made = this.origins.producer.get(tensor);
    return made?.opType === 'DequantizeLinear' ? made : undefined;
  }
}
