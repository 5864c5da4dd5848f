import { afterAll } from 'vitest';
import { type Model } from '../../engine/onnx/graph/model';
import { encodeModel } from '../../engine/onnx/file/readModel';
import type { Tensor } from '../../engine/onnx/tensors/tensor';
import { RuntimeWorker } from '../../engine/runtime/runtimeWorker';
import type { SessionOptions } from '../../engine/runtime/workerProtocol';

let worker: RuntimeWorker | undefined;
afterAll(() => worker?.terminate());

/** The test file's own worker; it ends with the file. */
export function testWorker(): RuntimeWorker {
  return (worker ??= new RuntimeWorker());
}

export function float(dims: number[], data: ArrayLike<number>): Tensor {
  return { type: 'float32', dims, data: Float32Array.from(data) };
}

/** Runs a model once in onnxruntime; answers all its outputs, or the ones asked for. */
export async function runModel(
  model: Model | Uint8Array,
  feeds: Record<string, Tensor>,
  outputs?: string[],
  options: SessionOptions = { threads: 1 },
): Promise<Record<string, Tensor>> {
  const bytes = model instanceof Uint8Array ? model : encodeModel(model);
  const names = outputs ?? (model instanceof Uint8Array ? [] : model.graph.output.map((o) => o.name));
  const session = await testWorker().load(bytes, options);
  try {
    return (await session.run(feeds, names)).outputs;
  } finally {
    await session.release();
  }
}

/** Runs a model with one float input and answers its first output's values. */
export async function runFloats(model: Model, dims: number[], data: ArrayLike<number>): Promise<number[]> {
  const [input] = model.graph.input;
  const [output] = model.graph.output;
  const outputs = await runModel(model, { [input?.name ?? '']: float(dims, data) });
  return Array.from(outputs[output?.name ?? '']?.data ?? [], Number);
}

/** Largest |a − b|, relative to the largest |a|; infinite when the lengths differ. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length || a.length === 0) return Infinity;
  let most = 0;
  let error = 0;
  for (let i = 0; i < a.length; i++) {
    most = Math.max(most, Math.abs(a[i] ?? NaN));
    error = Math.max(error, Math.abs((a[i] ?? NaN) - (b[i] ?? NaN)));
    if (Number.isNaN(a[i]) !== Number.isNaN(b[i])) return Infinity;
  }
  return most === 0 ? error : error / most;
}
