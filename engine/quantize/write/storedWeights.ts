import { clone } from '@bufbuild/protobuf';
import { TensorProtoSchema, type NodeProto, type TensorProto } from 'onnx-buf';
import { makeNode } from '../../onnx/graph/attributes';
import { makeTensor } from '../../onnx/tensors/elements';
import { quantizeWeight } from '../weights';

/** What to add around a node that was rewritten to read int8. */
export interface Stored {
  before: NodeProto[];
  after: NodeProto[];
  constants: TensorProto[];
}

type Fresh = (wish: string) => string;

/**
 * Lets a Gather look up int8 rows, which are turned into floats behind it: onnxruntime would turn a table that is
 * dequantized in front of the lookup into floats as a whole. Each row has its own scale, or all have one.
 * @param table of [rows, width]
 */
export function storeTable(node: NodeProto, table: TensorProto, perRow: boolean, fresh: Fresh): Stored {
  const { values, dims, scales } = quantizeWeight(table, perRow ? 0 : null);
  const [integers = '', scale = '', zero = ''] = ['quantized', 'scale', 'zero_point'].map((part) =>
    fresh(`${table.name}_${part}`),
  );
  const [output = ''] = node.output;
  const rows = fresh(`${output}_quantized`);
  const indices = node.input[1] ?? '';
  node.input[0] = integers;
  node.output = [rows];
  const stored = makeTensor(integers, dims, values);
  if (!perRow) {
    const after = [
      makeNode('DequantizeLinear', fresh(`${node.name}_DequantizeLinear`), [rows, scale, zero], [output]),
    ];
    const constants = [stored, makeTensor(scale, [], scales), makeTensor(zero, [], new Int8Array(1))];
    return { before: [], after, constants };
  }
  const [cast = '', factor = ''] = ['float', 'scale'].map((part) => fresh(`${output}_${part}`));
  const after = [
    makeNode('Cast', fresh(`${node.name}_Cast`), [rows], [cast], { to: 1 }),
    makeNode('Gather', fresh(`${node.name}_Scale`), [scale, indices], [factor], { axis: 0 }),
    makeNode('Mul', fresh(`${node.name}_Mul`), [cast, factor], [output]),
  ];
  return { before: [], after, constants: [stored, makeTensor(scale, [scales.length, 1], scales)] };
}

/**
 * Stores W and R of a recurrent node in int8, with a scale for each gate unit of each direction, or for each direction.
 * DequantizeLinear knows one axis, so directions and units are one until they are dequantized.
 * @param weights each of [directions, gates · hidden, input or hidden]
 */
export function storeRecurrent(
  node: NodeProto,
  weights: readonly TensorProto[],
  perUnit: boolean,
  fresh: Fresh,
): Stored {
  const before: NodeProto[] = [];
  const constants: TensorProto[] = [];
  weights.forEach((weight, i) => {
    const dims = weight.dims.map(Number);
    const [directions = 1, units = 1, inner = 1] = dims;
    const rows = perUnit ? directions * units : directions;
    const shape = [rows, (directions * units * inner) / rows];
    const matrix = Object.assign(clone(TensorProtoSchema, weight), { dims: shape.map(BigInt) });
    const { values, scales } = quantizeWeight(matrix, 0);
    const named = (part: string) => fresh(`${weight.name}_${part}`);
    const [integers, scale, zero, dequantized, size, reshaped] = [
      named('quantized'),
      named('scale'),
      named('zero_point'),
      named('rows'),
      named('shape'),
      named('dequantized'),
    ];
    constants.push(
      makeTensor(integers, shape, values),
      makeTensor(scale, [rows], scales),
      makeTensor(zero, [rows], new Int8Array(rows)),
      makeTensor(size, [3], BigInt64Array.from(dims, BigInt)),
    );
    before.push(
      makeNode('DequantizeLinear', named('DequantizeLinear'), [integers, scale, zero], [dequantized], {
        axis: 0,
      }),
      makeNode('Reshape', named('Reshape'), [dequantized, size], [reshaped]),
    );
    node.input[i + 1] = reshaped;
  });
  return { before, after: [], constants };
}
