import { TensorProto_DataLocation, TensorProto_DataType, type TensorProto } from 'onnx-buf';
import { EngineError } from '../../shared/engineError';
import { bitsOf } from '../tensors/elementBits';
import { elementTypeName } from '../tensors/elements';

const { UNDEFINED, STRING } = TensorProto_DataType;

/** Where values are kept that are not raw, and how many of that field make one element; others are in `int32Data`. */
const fieldOf: Record<
  number,
  { field: 'floatData' | 'doubleData' | 'int64Data' | 'uint64Data'; per: number }
> = {
  [TensorProto_DataType.FLOAT]: { field: 'floatData', per: 1 },
  [TensorProto_DataType.COMPLEX64]: { field: 'floatData', per: 2 },
  [TensorProto_DataType.DOUBLE]: { field: 'doubleData', per: 1 },
  [TensorProto_DataType.COMPLEX128]: { field: 'doubleData', per: 2 },
  [TensorProto_DataType.INT64]: { field: 'int64Data', per: 1 },
  [TensorProto_DataType.UINT32]: { field: 'uint64Data', per: 1 },
  [TensorProto_DataType.UINT64]: { field: 'uint64Data', per: 1 },
};

/** Length that the field with the values must have, and the one it has. */
function lengths(tensor: TensorProto, count: number): [expected: number, found: number] {
  const { dataType, rawData } = tensor;
  if (dataType === (STRING as number)) return [count, tensor.stringData.length];
  const bits = bitsOf[dataType];
  if (bits === undefined) return [0, 0];
  if (rawData.length > 0) return [Math.ceil((count * bits) / 8), rawData.length];
  const own = fieldOf[dataType];
  if (own !== undefined) return [own.per * count, tensor[own.field].length];
  // Types below a byte are packed into bytes, one byte to an int32.
  return [bits < 8 ? Math.ceil((count * bits) / 8) : count, tensor.int32Data.length];
}

/**
 * Checks that a tensor's dimensions are possible and that its values are there, without looking at them.
 * Values in another file are checked where they are read.
 * @param where what errors call the tensor
 * @throws EngineError `bad-model`
 */
export function checkTensor(tensor: TensorProto, where: string): void {
  const shape = () => `[${tensor.dims.slice(0, 8).join(', ')}${tensor.dims.length > 8 ? ', …' : ''}]`;
  const bad = (what: string) =>
    new EngineError('bad-model', `${where} ${what}.`, 'The file is damaged; export the model again.');
  if (tensor.dims.some((d) => d < 0n)) throw bad(`has the negative shape ${shape()}`);
  const count = tensor.dims.reduce((n, d) => n * Number(d), 1);
  if (!Number.isSafeInteger(count)) throw bad(`has the impossible shape ${shape()}`);
  if (tensor.dataType === (UNDEFINED as number)) throw bad('has no element type');
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) return;
  const [expected, found] = lengths(tensor, count);
  if (expected === found) return;
  const unit = tensor.rawData.length > 0 ? 'bytes' : 'values';
  throw bad(
    `of type ${elementTypeName(tensor.dataType)} and shape ${shape()} holds ${found} ${unit} instead of ${expected}`,
  );
}
