import type { Tensor, TensorData } from '../onnx/tensors/tensor';

/**
 * A copy of an array's elements in memory that all threads see: sending it copies nothing.
 * @param old of which nobody reads the elements any more: its memory is taken where it is large enough. The garbage collector does
 * not count memory that threads share, so that arrays of their own for each sample would pile up.
 */
export function shareData<T extends TensorData>(data: T, old?: TensorData): T {
  const { byteLength, length } = data;
  const fits = old?.buffer instanceof SharedArrayBuffer && old.buffer.byteLength >= byteLength;
  const buffer = fits ? old.buffer : new SharedArrayBuffer(byteLength);
  new Uint8Array(buffer).set(new Uint8Array(data.buffer, data.byteOffset, byteLength));
  const view = data.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => T;
  return new view(buffer, 0, length);
}

/** @param old as {@link shareData} takes it */
export function shareTensor({ type, dims, data }: Tensor, old?: Tensor): Tensor {
  return { type, dims, data: shareData(data, old?.data) };
}

/** The same elements in memory of this thread, which is all that onnxruntime takes. */
export function ownData<T extends TensorData>(data: T): T {
  return data.buffer instanceof SharedArrayBuffer ? (data.slice() as T) : data;
}
