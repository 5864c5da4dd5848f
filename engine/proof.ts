import { floatGroups } from './floatGroups';
import { encodeModel, type Model } from './onnx/model';
import { modelBytes } from './onnx/writeModel';
import type { Measured, Run } from './preparation';
import { StageProgress } from './progress';
import type { FloatResult, Int8Result, ModelSummary, RunNode } from './protocol';
import { loadWithNodes } from './runtime/runNodes';
import type { WorkerPool } from './runtime/workerPool';
import { medianLatencies } from './sensitivity/latency';

/** An int8 model that was loaded and run. */
export interface Proof {
  model: Model;
  nodes: RunNode[];
  /** Timed in turns with the int8 model. */
  float: FloatResult;
  result: Int8Result;
}

/**
 * Proves an int8 model: it loads, it runs on the evaluation samples, it is timed against float, and its nodes are read.
 * @param summary of the float model
 * @param keepFloat the layers that were left in float on purpose
 * @throws EngineError `runtime`, `cancelled`
 */
export async function prove(
  pool: WorkerPool,
  model: Model,
  { dataset, evaluator, reference, outputs }: Measured,
  { bytes: floatBytes, unquantizable }: Pick<ModelSummary, 'bytes' | 'unquantizable'>,
  keepFloat: readonly string[],
  { onProgress, signal }: Run,
): Promise<Proof> {
  const bytes = encodeModel(model);
  const title = 'Running the int8 model';
  const progress = new StageProgress('quantize', title, dataset.evaluation.length, onProgress);
  const score = await evaluator.score(bytes, () => progress.step(), signal);
  const { session, nodes } = await loadWithNodes(pool.first, bytes, {
    original: model.graph,
    keepFloat,
    unquantizable,
  });
  const sessions = [session];
  const release = async () => {
    for (const each of sessions) await each.release();
  };
  const time = async () => {
    sessions.unshift(await pool.first.load(reference.bytes, { threads: 1 }));
    return medianLatencies(sessions, outputs, evaluator.samples, signal);
  };
  const [floatMs = 0, latencyMs = 0] = await time().finally(release);
  const count = (kind: RunNode['kind']) => nodes.filter((n) => n.kind === kind).length;
  const { metric } = dataset;
  return {
    model,
    nodes,
    float: { metric, score: evaluator.float, latencyMs: floatMs, bytes: floatBytes },
    result: {
      metric,
      score,
      latencyMs,
      bytes: modelBytes(model, bytes),
      integerNodes: count('integer'),
      floatNodes: count('float'),
      floatGroups: floatGroups(nodes),
    },
  };
}
