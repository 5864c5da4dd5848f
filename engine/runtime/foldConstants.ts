import { applyConstants, constantParts } from '../onnx/normalize/constantParts';
import { foldScalings } from '../onnx/normalize/normalize';
import { type Model } from '../onnx/graph/model';
import { encodeModel } from '../onnx/file/readModel';
import type { RuntimeWorker } from './runtimeWorker';

/**
 * Computes a normalized model's constant parts in onnxruntime and puts the results in, in place. Where onnxruntime
 * refuses them the model stays as it is: it will say so itself when the model is run.
 */
export async function foldConstants(worker: RuntimeWorker, model: Model): Promise<void> {
  const parts = constantParts(model);
  if (parts === undefined) return;
  try {
    const session = await worker.load(encodeModel(parts.model), { threads: 1 });
    try {
      const { outputs } = await session.run({}, parts.outputs);
      applyConstants(model.graph, outputs);
    } finally {
      await session.release();
    }
  } catch {
    return;
  }
  foldScalings(model.graph);
}
