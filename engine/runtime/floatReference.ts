import { EngineError } from '../shared/engineError';
import { elementTypeName } from '../onnx/tensors/elements';
import { type Model } from '../onnx/graph/model';
import { encodeModel } from '../onnx/file/readModel';
import { cannotCross, typesToWiden } from '../onnx/normalize/widenFloats';
import type { WorkerPool } from './workerPool';

/** The model that float scores and latencies are of. */
export interface FloatReference {
  bytes: Uint8Array;
  /** Why it is not the file itself; `null` when it is. */
  warning: string | null;
}

/**
 * The file itself wherever onnxruntime runs it: float16 it computes by casts of its own. Else (bfloat16 that cannot
 * be fed, a double Conv that is not implemented) the normalized model, which computes the same in float32.
 * @throws EngineError `runtime` or `cancelled` when neither loads
 */
export async function floatReference(
  pool: WorkerPool,
  { bytes, original, normalized }: { bytes: Uint8Array; original: Model; normalized: Model },
): Promise<FloatReference> {
  const types = typesToWiden(original);
  if (types.size === 0) return { bytes, warning: null };
  const because = (why: string): FloatReference => {
    const names = [...types].map(elementTypeName).join(' and ');
    const warning = `Float scores and latency are of the model computed in float32 instead of ${names}: ${why}.`;
    return { bytes: encodeModel(normalized), warning };
  };
  const closed = cannotCross(original);
  if (closed !== undefined) return because(`${closed} is bfloat16, which cannot be fed or fetched here`);
  try {
    const session = await pool.first.load(bytes, { threads: 1 });
    await session.release();
    return { bytes, warning: null };
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code !== 'runtime') throw thrown;
    return because('onnxruntime does not run it as it is');
  }
}
