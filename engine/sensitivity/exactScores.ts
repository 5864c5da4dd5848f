import type { Layer } from '../onnx/layers';
import { encodeModel, type Model } from '../onnx/model';
import type { QuantPlan } from '../quantize/plan';
import { rewriteQdq } from '../quantize/rewrite';
import type { RuntimeWorker } from '../runtime/runtimeWorker';
import type { WorkerPool } from '../runtime/workerPool';
import type { Evaluator } from './evaluator';

/**
 * The paper's sensitivity analysis: the model's score with each layer alone in int8 and the rest in float.
 * @param plan of all layers; each layer is measured with its part of it
 */
export async function exactScores(
  pool: WorkerPool,
  evaluator: Evaluator,
  model: Model,
  layers: readonly Layer[],
  plan: QuantPlan,
  onLayer: () => void,
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  const scores = new Map<string, number>();
  await pool.forEach<RuntimeWorker>(
    layers.length,
    {
      prepare: (worker) => Promise.resolve(worker),
      work: async (worker, i) => {
        const name = layers[i]?.name ?? '';
        const variant = rewriteQdq(model, { ...plan, layers: new Set([name]) });
        scores.set(name, await evaluator.scoreIn(worker, encodeModel(variant), signal));
        onLayer();
      },
      finish: () => Promise.resolve(),
    },
    signal,
  );
  return scores;
}
