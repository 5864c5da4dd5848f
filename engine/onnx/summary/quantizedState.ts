import type { NodeProto, TensorProto } from 'onnx-buf';
import type {
  QuantizedLayer,
  QuantizedModel,
  QuantizedTensor,
  ValueRange,
} from '../../shared/protocol/model';
import { alreadyQuantized, originsWithin, type Origins } from '../layers/quantizedOrigin';
import { intAttribute } from '../graph/attributes';
import { elementTypeName, rawBytes } from '../tensors/elements';
import type { Model } from '../graph/model';
import {
  isOnnxOrContrib,
  quantizedOperators,
  type LayerForm,
  type Place,
} from '../layers/quantizedOperators';
import { readFloats } from '../tensors/readFloats';
import { isQuantizedInteger, readIntegers, unpack } from '../tensors/readIntegers';
import { graphsWithin } from '../graph/scopes';
import { ownValue } from '../../shared/ownValue';

function rangeOf(values: number[] | Float32Array | undefined): ValueRange | null {
  if (values === undefined || values.length === 0) return null;
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { count: values.length, min, max };
}

/** What a node says of its quantized tensors; constants are looked up in `origins`. */
class NodeReader {
  constructor(
    private readonly node: NodeProto,
    private readonly origins: Origins,
  ) {}

  tensors(): QuantizedTensor[] {
    const { opType } = this.node;
    if (opType === 'QuantizeLinear') {
      const constant = this.constant(0) !== undefined;
      return [this.tensor({ kind: constant ? 'weight' : 'activation', tensor: 0, scale: 1, zeroPoint: 2 })];
    }
    if (opType === 'DequantizeLinear') return this.dequantized();
    return (ownValue(quantizedOperators, opType)?.places ?? []).map((place) => this.tensor(place));
  }

  /** Weights, and activations that come as integers from elsewhere; biases follow from their layer's scales. */
  private dequantized(): QuantizedTensor[] {
    const source = this.node.input[0] ?? '';
    const constant = this.constant(0);
    if (constant !== undefined) {
      return elementTypeName(constant.dataType) === 'int32'
        ? []
        : [this.tensor({ kind: 'weight', tensor: 0, scale: 1, zeroPoint: 2 })];
    }
    const made = this.origins.producer.get(source)?.opType ?? '';
    if (made === 'QuantizeLinear' || ownValue(quantizedOperators, made) !== undefined) return [];
    return [this.tensor({ kind: 'activation', tensor: 0, scale: 1, zeroPoint: 2 })];
  }

  private constant(input: number | undefined): TensorProto | undefined {
    return this.origins.initializers.get(this.node.input[input ?? -1] ?? '');
  }

  private tensor({ kind, tensor, scale, zeroPoint }: Place): QuantizedTensor {
    const name = (tensor === 'output' ? this.node.output[0] : this.node.input[tensor]) ?? '';
    const scales = this.constant(scale);
    const values = scales && readFloats(scales);
    const found = rangeOf(values);
    const blockSize = intAttribute(this.node, 'block_size', 0);
    const alongAxis = found !== null && found.count > 1;
    const axisName = this.node.opType === 'GatherBlockQuantized' ? 'quantize_axis' : 'axis';
    return {
      tensor: name,
      kind,
      type: this.typeOf(tensor === 'output' ? undefined : this.constant(tensor), this.constant(zeroPoint)),
      scale: found,
      zeroPoint: this.zeroPoints(zeroPoint, values?.length ?? 0),
      axis: alongAxis ? this.axis(axisName, kind) : null,
      blockSize: blockSize > 0 ? blockSize : null,
    };
  }

  private axis(attribute: string, kind: Place['kind']): number | null {
    switch (this.node.opType) {
      case 'QuantizeLinear':
      case 'DequantizeLinear':
      case 'GatherBlockQuantized':
        return intAttribute(this.node, attribute, attribute === 'axis' ? 1 : 0);
      case 'QLinearConv':
        return kind === 'weight' ? 0 : null;
      case 'QLinearMatMul':
      case 'QGemm':
      case 'MatMulIntegerToFloat':
      case 'DynamicQuantizeMatMul':
        return kind === 'weight' ? 1 : null;
      default:
        return null;
    }
  }

  private typeOf(values: TensorProto | undefined, zero: TensorProto | undefined): string {
    const { opType } = this.node;
    if (opType === 'MatMulNBits') return `uint${intAttribute(this.node, 'bits', 4)}`;
    if (opType === 'MatMulBnb4') return intAttribute(this.node, 'quant_type', 1) === 1 ? 'nf4' : 'fp4';
    if (values !== undefined && isQuantizedInteger(values) && opType !== 'QuantizeLinear') {
      return elementTypeName(values.dataType);
    }
    if (zero !== undefined) return elementTypeName(zero.dataType);
    const declared = opType === 'QuantizeLinear' ? intAttribute(this.node, 'output_dtype', 0) : 0;
    if (declared !== 0) return elementTypeName(declared);
    // What the specification says where nothing else does.
    return values !== undefined && opType === 'DequantizeLinear' ? elementTypeName(values.dataType) : 'uint8';
  }

  private zeroPoints(input: number | undefined, scales: number): ValueRange | null {
    const tensor = this.constant(input);
    const absent = input === undefined || (this.node.input[input] ?? '') === '';
    if (this.node.opType === 'MatMulNBits') {
      const bits = intAttribute(this.node, 'bits', 4);
      if (absent) return { count: 1, min: 2 ** (bits - 1), max: 2 ** (bits - 1) };
      return tensor === undefined ? null : packedRange(tensor, bits, scales, this.node);
    }
    if (tensor !== undefined) return rangeOf(readIntegers(tensor));
    return absent && scales > 0 ? { count: 1, min: 0, max: 0 } : null;
  }
}

/** MatMulNBits packs the zero points of one column's blocks into whole bytes. */
function packedRange(tensor: TensorProto, bits: number, scales: number, node: NodeProto): ValueRange | null {
  const columns = intAttribute(node, 'N', 0);
  const blocks = columns > 0 ? scales / columns : 0;
  const rowBytes = Math.ceil((blocks * bits) / 8);
  const raw = rawBytes(tensor);
  if (![2, 4, 8].includes(bits) || !Number.isInteger(blocks) || raw.length !== columns * rowBytes) {
    return null;
  }
  const rows = Array.from({ length: columns }, (_, i) =>
    unpack(raw.subarray(i * rowBytes, (i + 1) * rowBytes), bits, blocks),
  );
  return rangeOf(rows.flat());
}

function formOf(forms: ReadonlySet<LayerForm>): QuantizedModel['form'] {
  const [first, ...others] = forms;
  return others.length > 0 ? 'mixed' : (first ?? 'qdq');
}

/**
 * How a model is quantized as its file comes: its integer layers, and the scale of each quantized tensor, in the
 * order in which they are computed. `null` for a float model.
 * @param model normalized
 * @throws EngineError `bad-model` when a scale lacks values
 */
export function quantizedState({ graph }: Model): QuantizedModel | null {
  const origins = originsWithin(graph);
  const tensors = new Map<string, QuantizedTensor>();
  const layers: QuantizedLayer[] = [];
  const others = new Set<LayerForm>();
  for (const node of graphsWithin(graph).flatMap((g) => g.node)) {
    const form = alreadyQuantized(node, origins);
    if (form !== null) layers.push({ name: node.name, opType: node.opType, form });
    if (!isOnnxOrContrib(node)) continue;
    const operator = ownValue(quantizedOperators, node.opType);
    if (operator !== undefined) others.add(operator.form);
    for (const tensor of new NodeReader(node, origins).tensors()) {
      const known = tensors.get(tensor.tensor);
      // One operator may know the scale that another computes with.
      if (known === undefined || known.scale === null) tensors.set(tensor.tensor, tensor);
    }
  }
  if (tensors.size === 0 && layers.length === 0) return null;
  const forms = new Set(layers.map((l) => l.form));
  return { form: formOf(forms.size > 0 ? forms : others), tensors: [...tensors.values()], layers };
}
