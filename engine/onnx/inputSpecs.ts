import { TensorProto_DataType } from 'onnx-buf';
import { EngineError } from '../engineError';
import { elementTypeName } from './elements';
import type { Model } from './model';
import type { ElementType, InputSpec } from './tensor';

const elementTypes = new Map<number, ElementType>([
  [TensorProto_DataType.FLOAT, 'float32'],
  [TensorProto_DataType.DOUBLE, 'float64'],
  [TensorProto_DataType.FLOAT16, 'float16'],
  // onnxruntime's Node binding has no bfloat16; the normalized model takes float32 in its place.
  [TensorProto_DataType.BFLOAT16, 'float32'],
  [TensorProto_DataType.INT8, 'int8'],
  [TensorProto_DataType.UINT8, 'uint8'],
  [TensorProto_DataType.INT16, 'int16'],
  [TensorProto_DataType.UINT16, 'uint16'],
  [TensorProto_DataType.INT32, 'int32'],
  [TensorProto_DataType.UINT32, 'uint32'],
  [TensorProto_DataType.INT64, 'int64'],
  [TensorProto_DataType.UINT64, 'uint64'],
  [TensorProto_DataType.BOOL, 'bool'],
]);

/**
 * What must be fed to a model. Initializers that older files list as inputs too are left out.
 * @throws EngineError `unsupported` for inputs that are no numeric tensors
 */
export function inputSpecs({ graph }: Model): InputSpec[] {
  const initializers = new Set(graph.initializer.map((t) => t.name));
  return graph.input
    .filter((input) => !initializers.has(input.name))
    .map(({ name, type }) => {
      const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
      const elementType = elementTypes.get(tensor?.elemType ?? 0);
      if (tensor === undefined || elementType === undefined) {
        throw new EngineError(
          'unsupported',
          `Input ${name} is ${tensor === undefined ? 'no tensor' : elementTypeName(tensor.elemType)}; it cannot be fed.`,
          'Only numeric tensors can be fed.',
        );
      }
      const dims = tensor.shape?.dim.map(({ value }) =>
        value.case === 'dimValue' ? Number(value.value) : null,
      );
      return { name, type: elementType, dims: dims ?? null };
    });
}
