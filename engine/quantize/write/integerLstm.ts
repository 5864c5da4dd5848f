import { clone } from '@bufbuild/protobuf';
import { TensorProtoSchema, type NodeProto, type TensorProto } from 'onnx-buf';
import { makeTensor } from '../../onnx/tensors/elements';
import { quantizeWeight, type WeightBits } from '../weights';

/** The operator set of onnxruntime's own operators. */
export const CONTRIB_DOMAIN = 'com.microsoft';
const none = ['', '', ''] as const;

/**
 * Turns an LSTM into onnxruntime's DynamicQuantizeLSTM (contrib operators, "DynamicQuantizeLSTM"): weights in int8,
 * the input and the state quantized anew at every step, gates in float. No static integer LSTM exists there.
 * @param weight W of [directions, 4·hidden, input]
 * @param bits of the weights
 * @param recurrence R of [directions, 4·hidden, hidden]
 * @param fresh hands out names for the new constants
 * @returns the constants to add to the graph
 */
export function makeIntegerLstm(
  node: NodeProto,
  weight: TensorProto,
  recurrence: TensorProto,
  perChannel: boolean,
  bits: WeightBits,
  fresh: (wish: string) => string,
): TensorProto[] {
  const constants: TensorProto[] = [];
  const constant = (
    wish: string,
    dims: number[],
    values: Int8Array<ArrayBuffer> | Float32Array<ArrayBuffer>,
  ) => {
    const tensor = makeTensor(fresh(wish), dims, values);
    constants.push(tensor);
    return tensor.name;
  };
  const quantized = [weight, recurrence].map((tensor) => {
    const [directions = 1, gates = 1, inner = 1] = tensor.dims.map(Number);
    // One scale for each direction, or for each gate unit of each direction: a matrix whose rows have scales.
    const rows = perChannel ? directions * gates : directions;
    const matrix = Object.assign(clone(TensorProtoSchema, tensor), {
      dims: [BigInt(rows), BigInt((directions * gates * inner) / rows)],
    });
    const { values, scales } = quantizeWeight(matrix, 0, undefined, bits);
    const transposed = new Int8Array(values.length);
    for (let d = 0; d < directions; d++) {
      for (let g = 0; g < gates; g++) {
        for (let i = 0; i < inner; i++) {
          transposed[(d * inner + i) * gates + g] = values[(d * gates + g) * inner + i] ?? 0;
        }
      }
    }
    const scaleDims = perChannel ? [directions, gates] : [directions];
    return [
      constant(`${tensor.name}_quantized`, [directions, inner, gates], transposed),
      constant(`${tensor.name}_scale`, scaleDims, scales),
      constant(`${tensor.name}_zero_point`, scaleDims, new Int8Array(scales.length)),
    ] as const;
  });
  const [[w, wScale, wZero] = none, [r, rScale, rZero] = none] = quantized;
  while (node.input.length < 8) node.input.push('');
  node.input[1] = w;
  node.input[2] = r;
  node.input.push(wScale, wZero, rScale, rZero);
  node.opType = 'DynamicQuantizeLSTM';
  node.domain = CONTRIB_DOMAIN;
  return constants;
}
