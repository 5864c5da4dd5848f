import type { GraphProto, NodeProto, TensorProto } from 'onnx-buf';
import { gridKeyOf, integerTypeOf } from '../../onnx/layers/pairGrids';
import { originsWithin, type Origins } from '../../onnx/layers/quantizedOrigin';
import { attribute } from '../../onnx/graph/attributes';
import { floatValues, isFloat } from '../../onnx/tensors/elements';
import { indexGraph, soleConsumer, type GraphIndex } from '../../onnx/graph/graphIndex';
import { carriersOfGrids, conversionTypes, type IntegerKernel } from '../../onnx/layers/integerKernels';
import { isOnnxOrContrib } from '../../onnx/layers/quantizedOperators';
import { readIntegers } from '../../onnx/tensors/readIntegers';
import { clipBounds } from '../../onnx/layers/rescaling';
import { tensorKinds, type TensorKind } from '../../onnx/layers/tensorKinds';
import { losesFloatWeights } from './keepWeightsFloat';
import type { TargetLimits } from './targetLimits';
import { ownValue } from '../../shared/ownValue';

/** Why a node will be computed in float, and the way out. */
export interface FloatCause {
  message: string;
  hint: string;
}

/** What to put in an operator's place that has an integer form. */
const alternatives: Readonly<Record<string, string | undefined>> = {
  ConvTranspose: 'One whose kernel is as large as its stride becomes a Conv; so does a Resize with a Conv.',
  GRU: 'Its weights are stored in int8 all the same where the target takes that.',
  LSTM: 'Its weights are stored in int8 all the same where the target takes that.',
  Einsum: 'Write it as a MatMul.',
  Sub: 'With a constant it becomes an Add.',
  Div: 'With a constant it becomes a Mul.',
};

const bounds: Readonly<Record<string, [low: number, high: number] | undefined>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};

const isClip = ({ opType }: NodeProto) => opType === 'Relu' || opType === 'Clip';

/**
 * Foretells, from a model of QuantizeLinear and DequantizeLinear, which nodes a target will compute in float, by the rules
 * by which it fuses them (onnxruntime, "qdq_selectors.cc").
 */
export class FloatCauses {
  private readonly origins: Origins;
  private readonly kinds: ReadonlyMap<string, TensorKind>;
  /** Of tensors whose rank the file tells. */
  private readonly ranks: ReadonlyMap<string, number>;

  /** @param main the whole graph, whose constants its bodies may read */
  constructor(
    main: GraphProto,
    private readonly limits: TargetLimits,
  ) {
    this.origins = originsWithin(main);
    this.kinds = tensorKinds(main);
    this.ranks = new Map(
      [...main.input, ...main.valueInfo].flatMap(({ name, type }) =>
        type?.value.case === 'tensorType' && type.value.value.shape !== undefined
          ? [[name, type.value.value.shape.dim.length] as const]
          : [],
      ),
    );
  }

  /** Causes for the nodes of one graph or body; `null` for those that become integer ones. */
  inGraph(graph: GraphProto): {
    causeOf: (node: NodeProto) => FloatCause | null;
    touches: (node: NodeProto) => boolean;
  } {
    const index = indexGraph(graph, this.origins.initializers);
    return {
      causeOf: (node) => this.causeOf(node, index),
      touches: (node) =>
        node.input.some((name) => this.isActivation(this.dequantizer(name))) ||
        node.output.some((name) => quantizersOf(name, index).length > 0),
    };
  }

  private causeOf(node: NodeProto, index: GraphIndex): FloatCause | null {
    const { opType } = node;
    const kernel = ownValue(this.limits.kernels, opType);
    if (isClip(node)) {
      if (this.limits.fusesClips) return null;
      return {
        message: 'It vanishes only before a grid that ends where it clips.',
        hint: 'Calibrate what it makes with max.',
      };
    }
    if (kernel === undefined || (kernel.mode !== undefined && modeOf(node) !== kernel.mode)) {
      const form = kernel === undefined ? opType : `${opType} but ${kernel.mode ?? ''}`;
      return {
        message: `${this.limits.program} has no integer ${form}.`,
        hint: ownValue(alternatives, opType) ?? 'Values are converted to float before it and back behind it.',
      };
    }
    if (this.limits.quantizesFloatWeights && losesFloatWeights(node, index))
      return this.types(node, kernel, index);
    return this.before(node, kernel) ?? this.types(node, kernel, index) ?? this.behind(node, kernel, index);
  }

  private before(node: NodeProto, { weight, bias, result }: IntegerKernel): FloatCause | null {
    const read = result === 'same' ? node.input.slice(0, 1) : node.input;
    for (const [i, name] of read.entries()) {
      if (name === '' || this.kinds.get(name) === 'other' || this.dequantizer(name) !== undefined) continue;
      if (i === bias) {
        if (!this.limits.integerBias || (node.opType === 'Conv' && this.origins.initializers.has(name)))
          continue;
        return {
          message: 'Its bias is in float; the integer form takes int32.',
          hint: 'Give the bias one value for each output, as a vector.',
        };
      }
      if (this.origins.initializers.has(name))
        return {
          message: i === weight ? 'Its weight is in float.' : 'Its constant is in float.',
          hint: 'Quantize the layer.',
        };
      return this.source(name);
    }
    return null;
  }

  private source(tensor: string): FloatCause {
    const made = this.origins.producer.get(tensor);
    const message =
      made === undefined
        ? 'It reads an input of the model, which has no grid.'
        : conversionTypes.has(made.opType) && this.dequantizer(made.input[0] ?? '') !== undefined
          ? `A ${made.opType} stands between it and the integers.`
          : `It reads floats from ${made.opType}.`;
    return { message, hint: 'Let what makes its input make integers, or keep both in float.' };
  }

  private types(
    { opType, input, output }: NodeProto,
    kernel: IntegerKernel,
    index: GraphIndex,
  ): FloatCause | null {
    if (kernel.result === 'same') return null;
    const { weight, bias } = kernel;
    const before = input.flatMap((name, i) => {
      const grid = i === weight || i === bias ? undefined : this.dequantizer(name);
      return grid === undefined ? [] : [integerTypeOf(grid, this.origins.initializers)];
    });
    const behind = quantizersOf(output[0] ?? '', index).map((q) =>
      integerTypeOf(q, this.origins.initializers),
    );
    const types = [...new Set([...before, ...behind])].sort();
    const wanted = ownValue(this.limits.activationTypes, opType);
    const odd = types.find((type) => type.endsWith('16') || wanted?.includes(type) === false);
    if (odd !== undefined)
      return {
        message: `Its activations are ${odd}; the integer form takes ${(wanted ?? ['uint8', 'int8']).join(' or ')}.`,
        hint: 'Quantize for the target that it is to run on.',
      };
    if (types.length > 1)
      return { message: `It joins different types: ${types.join(', ')}.`, hint: 'Quantize all in one type.' };
    return null;
  }

  private behind(node: NodeProto, { result }: IntegerKernel, index: GraphIndex): FloatCause | null {
    if (!this.limits.integerBias) return null;
    const output = this.withBias(node, index).output[0] ?? '';
    const readers = index.consumers.get(output) ?? [];
    const clip = soleConsumer(index, output);
    if (clip !== undefined && isClip(clip)) {
      const made = clip.output[0] ?? '';
      const isRead = (index.consumers.get(made) ?? []).length === 1 && !index.outputs.has(made);
      if (result === 'any' && !isRead) return null;
      const [quantizer] = quantizersOf(made, index);
      if (isRead && quantizer !== undefined && this.endsWithin(clip, quantizer, index)) return null;
      return {
        message: `The ${clip.opType} behind it stays, as ${quantizer === undefined ? 'its result is read in float' : 'no grid ends where it clips'}.`,
        hint: 'Keep both in float, or let an integer operator read the result.',
      };
    }
    if (
      node.opType === 'Gemm' &&
      (node.input[2] ?? '') === '' &&
      soleConsumer(index, output)?.opType === 'Transpose'
    )
      return {
        message: 'onnxruntime folds the Transpose behind it into it, which puts its weight on the left.',
        hint: 'Write it as a MatMul.',
      };
    const quantizers = quantizersOf(output, index);
    if (result === 'any' && quantizers.length === 0) return null;
    if (index.outputs.has(output))
      return {
        message: 'Its result leaves the model in float.',
        hint: 'Nothing to do: the model answers floats.',
      };
    const grids = new Set(quantizers.map((q) => gridKeyOf(q, this.origins.initializers)));
    if (quantizers.length < readers.length || readers.length === 0) {
      const other = readers.find((r) => quantizersBehind(r, index) === undefined);
      return {
        message:
          quantizers.length === 0
            ? `Its result is read in float${other === undefined ? '' : ` by ${other.opType}`}.`
            : `Its result is read both on a grid and in float${other === undefined ? '' : `, by ${other.opType}`}.`,
        hint: 'Let all that read it take integers, or keep it in float.',
      };
    }
    if (grids.size > 1)
      return { message: 'Its result is read on different grids.', hint: 'Give all that read it one grid.' };
    const from = this.dequantizer(node.input[0] ?? '');
    if (result === 'same' && from !== undefined && !grids.has(gridKeyOf(from, this.origins.initializers)))
      return { message: 'The grids before and behind it differ.', hint: 'Give both tensors one grid.' };
    return null;
  }

  /** The last node of the Gemm that onnxruntime makes of a MatMul of matrices and the Add of its bias ("MatMulAddFusion"). */
  private withBias(node: NodeProto, index: GraphIndex): NodeProto {
    const output = node.output[0] ?? '';
    const add = node.opType === 'MatMul' ? soleConsumer(index, output) : undefined;
    if (add?.opType !== 'Add' || rankOf(node.input[0] ?? '', index, this.ranks) !== 2) return node;
    const bias = add.input.find((name) => name !== output) ?? '';
    const isConstant = [bias, this.dequantizer(bias)?.input[0] ?? ''].some((n) =>
      this.origins.initializers.has(n),
    );
    return isConstant ? add : node;
  }

  /** Whether a grid saturates where a Relu or Clip clips, or further in. */
  private endsWithin(clip: NodeProto, quantizer: NodeProto, index: GraphIndex): boolean {
    const ends = ownValue(bounds, integerTypeOf(quantizer, this.origins.initializers));
    const scale = this.constant(quantizer.input[1]);
    const clipped = clipBounds(clip, index);
    if (ends === undefined || scale === undefined || !isFloat(scale) || clipped === undefined) return false;
    const zero = this.constant(quantizer.input[2]);
    const [zeroPoint = 0] = (zero && readIntegers(zero)) ?? [];
    const [step = 0] = floatValues(scale);
    return (ends[0] - zeroPoint) * step >= clipped.low && (ends[1] - zeroPoint) * step <= clipped.high;
  }

  /** The DequantizeLinear that a tensor comes from, with nothing between but what grids are carried through. */
  private dequantizer(tensor: string): NodeProto | undefined {
    let made = this.origins.producer.get(tensor);
    // A damaged graph may run in a circle.
    for (let steps = 0; steps < 8 && made !== undefined && carriersOfGrids.has(made.opType); steps++)
      made = this.origins.producer.get(made.input[0] ?? '');
    return made?.opType === 'DequantizeLinear' && isOnnxOrContrib(made) ? made : undefined;
  }

  private isActivation(dequantizer: NodeProto | undefined): boolean {
    return dequantizer !== undefined && this.constant(dequantizer.input[0]) === undefined;
  }

  private constant(tensor: string | undefined): TensorProto | undefined {
    return this.origins.initializers.get(tensor ?? '');
  }
}

/** What these make has as many axes as their first input. */
const keepsRank = new Set(
  'QuantizeLinear DequantizeLinear Transpose MatMul Add Mul Relu Clip Sigmoid Tanh LeakyRelu Erf HardSigmoid HardSwish Gelu Softmax Dropout LayerNormalization'.split(
    ' ',
  ),
);

/** The rank of a tensor where the file or the operators before it tell. */
function rankOf(tensor: string, index: GraphIndex, known: ReadonlyMap<string, number>): number | undefined {
  let name = tensor;
  for (let steps = 0; steps < 100; steps++) {
    const rank = known.get(name);
    if (rank !== undefined) return rank;
    const made = index.producer.get(name);
    if (made?.opType === 'Gemm' || made?.opType === 'Flatten') return 2;
    if (made === undefined || !keepsRank.has(made.opType)) return undefined;
    name = made.input[0] ?? '';
  }
  return undefined;
}

function modeOf(node: NodeProto): string {
  const found = attribute(node, 'mode');
  return found === undefined ? 'nearest' : new TextDecoder().decode(found.s);
}

/** The QuantizeLinear that a reader is, or is carried to; nothing for one that reads floats. */
function quantizersBehind(reader: NodeProto, index: GraphIndex): NodeProto | undefined {
  let found: NodeProto | undefined = reader;
  for (let steps = 0; steps < 8 && found !== undefined && carriersOfGrids.has(found.opType); steps++)
    found = soleConsumer(index, found.output[0] ?? '');
  return found?.opType === 'QuantizeLinear' ? found : undefined;
}

function quantizersOf(tensor: string, index: GraphIndex): NodeProto[] {
  return (index.consumers.get(tensor) ?? []).flatMap((reader) => quantizersBehind(reader, index) ?? []);
}
