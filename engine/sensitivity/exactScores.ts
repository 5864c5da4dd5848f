import type { RuntimeWorker } from '../runtime/runtimeWorker';
import type { WorkerPool } from '../runtime/workerPool';
import type { Evaluator } from './evaluator';

/**
 * The paper's sensitivity analysis: the model's score with each layer alone in int8 and the rest in float.
 * @param build the encoded model with that layer alone in int8
 */
export async function exactScores(
  pool: WorkerPool,
  evaluator: Evaluator,
  names: readonly string[],
  build: (name: string) => Uint8Array,
  onLayer: () => void,
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  const scores = new Map<string, number>();
  await pool.forEach<RuntimeWorker>(
    names.length,
    {
      prepare: (worker) => Promise.resolve(worker),
      work: async (worker, i) => {
        const name = names[i] ?? '';
        scores.set(name, await evaluator.scoreIn(worker, build(name), signal));
        onLayer();
      },
      finish: () => Promise.resolve(),
    },
    signal,
  );
  return scores;
}
