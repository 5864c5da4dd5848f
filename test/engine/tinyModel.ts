import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { makeTensor } from '../../engine/onnx/tensors/elements';
import { type Model } from '../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../engine/onnx/file/readModel';

/** Whole numbers are INT; `{ float }` is FLOAT; arrays of whole numbers INTS. */
export type AttributeValue =
  | number
  | bigint
  | string
  | (number | bigint)[]
  | { float: number }
  | { floats: number[] }
  | { tensor: TensorProto }
  | { graph: Model['graph'] };

function attributeOf(name: string, value: AttributeValue): AttributeProto {
  const T = AttributeProto_AttributeType;
  const kind =
    typeof value === 'number' || typeof value === 'bigint'
      ? { type: T.INT, i: BigInt(value) }
      : typeof value === 'string'
        ? { type: T.STRING, s: new TextEncoder().encode(value) }
        : Array.isArray(value)
          ? { type: T.INTS, ints: value.map(BigInt) }
          : 'float' in value
            ? { type: T.FLOAT, f: value.float }
            : 'floats' in value
              ? { type: T.FLOATS, floats: value.floats }
              : 'tensor' in value
                ? { type: T.TENSOR, t: value.tensor }
                : { type: T.GRAPH, g: value.graph };
  return create(AttributeProtoSchema, { name, ...kind });
}

/** A node called after its first output. */
export function node(
  opType: string,
  input: string[],
  output: string[] | string,
  attributes: Record<string, AttributeValue> = {},
): NodeProto {
  const outputs = typeof output === 'string' ? [output] : output;
  return create(NodeProtoSchema, {
    opType,
    name: `${outputs[0] ?? ''}_node`,
    input,
    output: outputs,
    attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
  });
}

type Dims = (number | string)[];

/** A float tensor's declaration; without dimensions only its name. */
export function valueInfo(
  name: string,
  dims: Dims | null,
  elemType: number = TensorProto_DataType.FLOAT,
): ValueInfoProto {
  if (dims === null) return create(ValueInfoProtoSchema, { name });
  const dim = dims.map((d) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof d === 'number'
          ? { case: 'dimValue' as const, value: BigInt(d) }
          : { case: 'dimParam' as const, value: d },
    }),
  );
  const value = create(TypeProto_TensorSchema, { elemType, shape: create(TensorShapeProtoSchema, { dim }) });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value } }),
  });
}

export interface TinyModel {
  nodes: NodeProto[];
  inputs: Record<string, Dims>;
  /** ONNX element types of inputs that are not float. */
  inputTypes?: Record<string, number>;
  outputs: string[];
  constants?: Record<string, [dims: number[], values: ArrayLike<number>] | TensorProto>;
  opset?: number;
  irVersion?: number;
}

/** A model of a few nodes, as a file would give it. */
export function tinyModel({
  nodes,
  inputs,
  inputTypes = {},
  outputs,
  constants = {},
  opset = 17,
  irVersion,
}: TinyModel): Model {
  const ir = irVersion ?? (opset < 9 ? 3 : opset < 13 ? 6 : 8);
  const initializer = Object.entries(constants).map(([name, c]) =>
    Array.isArray(c) ? makeTensor(name, c[0], Float32Array.from(c[1])) : c,
  );
  const graph = create(GraphProtoSchema, {
    name: 'tiny',
    node: nodes,
    initializer,
    // Before IR 4, initializers are inputs too.
    input: [
      ...Object.entries(inputs).map(([name, dims]) => valueInfo(name, dims, inputTypes[name])),
      ...(ir < 4 ? initializer.map((t) => valueInfo(t.name, t.dims.map(Number), t.dataType)) : []),
    ],
    output: outputs.map((name) => valueInfo(name, null)),
  });
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(ir),
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(opset) })],
    graph,
  });
  return decodeModel(encodeModel(Object.assign(model, { graph })), 'tiny.onnx');
}

/** An int64 constant. */
export function int64(name: string, values: (number | bigint)[], dims = [values.length]): TensorProto {
  return makeTensor(name, dims, BigInt64Array.from(values, BigInt));
}

/** Repeatable values between −1 and 1 that look random. */
export function noise(count: number, seed = 1): Float32Array<ArrayBuffer> {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) | 0;
    return ((state >>> 8) / 2 ** 24) * 2 - 1;
  });
}

/** `dims` and repeatable values, for {@link TinyModel.constants}. */
export function noisy(dims: number[], seed = 1, gain = 1): [number[], Float32Array] {
  return [
    dims,
    noise(
      dims.reduce((a, b) => a * b, 1),
      seed,
    ).map((v) => v * gain),
  ];
}
