import { badData } from './badData';
import { castTensor } from './castTensor';
import type { InputSpec, Tensor } from './dataset';
import { shapeText } from './elementTypes';
import { firstNonFinite, positionOf } from './firstNonFinite';

/**
 * A tensor as one run of the model takes it: its shape agrees with the input's, its type is the input's.
 * `where` is what errors call the tensor, `hint` how to mend its shape.
 * @throws EngineError `bad-data`
 */
export function fitInput(tensor: Tensor, spec: InputSpec, where: string, hint: string): Tensor {
  checkShape(tensor.dims, spec, where, hint);
  return castTensor(tensor, spec.type, where);
}

/** @throws EngineError `bad-data` when a shape is not one that the input accepts */
export function checkShape(dims: readonly number[], spec: InputSpec, where: string, hint: string): void {
  const wanted = spec.dims;
  if (wanted === null) return;
  const fits =
    dims.length === wanted.length &&
    wanted.every((dim, axis) => dim === null || dim === dims[axis]) &&
    dims.every((dim) => dim > 0);
  if (fits) return;
  throw badData(
    `${where} gives one sample the shape ${shapeText(dims)}, and the model's input "${spec.name}" takes ${shapeText(wanted)}.`,
    hint,
  );
}

/**
 * Refuses NaN and infinity. `positions` says how errors name the place of an element.
 * @throws EngineError `bad-data` that names the place
 */
export function checkFinite(
  tensor: Tensor,
  where: string,
  positions = (position: number[]) => `at [${position.join(',')}]`,
): void {
  const index = firstNonFinite(tensor);
  if (index < 0) return;
  const value = tensor.type === 'float16' ? 'a value that is not finite' : String(tensor.data[index]);
  throw badData(
    `${where} has ${value} ${positions(positionOf(index, tensor.dims))}.`,
    'Remove that sample, or put a number there.',
  );
}
