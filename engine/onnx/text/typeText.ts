import type { TensorShapeProto, TypeProto } from 'onnx-buf';
import { elementTypeName } from '../tensors/elements';
import { quoteName } from './quoteText';

/** Dimensions as printed: nothing for a scalar, `[]` for an unknown rank. */
function shapeText(shape: TensorShapeProto | undefined): string {
  if (shape === undefined) return '[]';
  if (shape.dim.length === 0) return '';
  const dims = shape.dim.map(({ value }) => {
    if (value.case === 'dimValue') return String(value.value);
    return value.case === 'dimParam' && value.value !== '' ? quoteName(value.value) : '?';
  });
  return `[${dims.join(',')}]`;
}

/** A type in the textual syntax, such as `float[N,3]` or `seq(int64[])`; empty where the model declares none. */
export function typeText(type: TypeProto | undefined): string {
  const value = type?.value;
  switch (value?.case) {
    case 'tensorType':
      return `${elementTypeName(value.value.elemType)}${shapeText(value.value.shape)}`;
    case 'sparseTensorType':
      return `sparse_tensor(${elementTypeName(value.value.elemType)}${shapeText(value.value.shape)})`;
    case 'sequenceType':
      return `seq(${typeText(value.value.elemType)})`;
    case 'optionalType':
      return `optional(${typeText(value.value.elemType)})`;
    case 'mapType':
      return `map(${elementTypeName(value.value.keyType)}, ${typeText(value.value.valueType)})`;
    default:
      return '';
  }
}
