import type { TensorData } from '../samples/dataset';

/**
 * Elements stored with the first axis fastest (Fortran order), rearranged so that the last axis is fastest.
 * @returns a new array; the same one when the order makes no difference
 */
export function rowMajor(data: TensorData, dims: readonly number[]): TensorData {
  if (dims.filter((dim) => dim > 1).length < 2) return data;
  const target = data.slice();
  // Where one step along each axis goes in the source.
  const strides = dims.map((_, axis) => dims.slice(0, axis).reduce((product, dim) => product * dim, 1));
  const index = dims.map(() => 0);
  let from = 0;
  for (let to = 0; to < target.length; to++) {
    copyElement(data, from, target, to);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const dim = dims[axis] ?? 1;
      const stride = strides[axis] ?? 0;
      const next = (index[axis] ?? 0) + 1;
      from += stride;
      index[axis] = next;
      if (next < dim) break;
      from -= dim * stride;
      index[axis] = 0;
    }
  }
  return target;
}

function copyElement(source: TensorData, from: number, target: TensorData, to: number): void {
  // The two are of one class: a union of classes cannot say so.
  (target as Float64Array)[to] = (source as Float64Array)[from] ?? 0;
}
