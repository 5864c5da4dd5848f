import type { Tensor, TensorData } from '../onnx/tensor';

/** A copy of an array's elements in memory that all threads see: sending it copies nothing. */
export function shareData<T extends TensorData>(data: T): T {
  const shared = new SharedArrayBuffer(data.byteLength);
  new Uint8Array(shared).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return new (data.constructor as new (buffer: SharedArrayBuffer) => T)(shared);
}

export function shareTensor({ type, dims, data }: Tensor): Tensor {
  return { type, dims, data: shareData(data) };
}

/** The same elements in memory of this thread, which is all that onnxruntime takes. */
export function ownData<T extends TensorData>(data: T): T {
  return data.buffer instanceof SharedArrayBuffer ? (data.slice() as T) : data;
}
