import { StageProgress } from '../common/progress';
import type { Run } from '../common/run';
import type { Measured } from '../evaluate/baseline';
import { LEAST_ROUNDS, measureLatencies, speedup } from '../evaluate/latency';
import { encodeModel } from '../onnx/file/readModel';
import { modelBytes } from '../onnx/file/writeModel';
import type { Model } from '../onnx/graph/model';
import { operatorTimes } from '../runtime/operatorTimes';
import { withoutSuffix } from '../runtime/originalNames';
import { loadWithNodes } from '../runtime/runNodes';
import type { RuntimeWorker } from '../runtime/runtimeWorker';
import type { WorkerPool } from '../runtime/workerPool';
import { wholeName } from '../search/remedies/splitDepthwise';
import type { ModelSummary } from '../shared/protocol/model';
import type { FloatGroup, FloatResult, Int8Result, RunNode } from '../shared/protocol/report';
import { interval95, pairedDifference } from '../stats/pairedDifference';
import { whyNotMeasurable } from './measurability';
import { judgeTarget } from './verdict';

/** An int8 model that was loaded and run. */
export interface Proof {
  model: Model;
  nodes: RunNode[];
  /** Timed in turns with the int8 model. */
  float: FloatResult;
  result: Int8Result;
}

const UNREACHED = 'No calibration sample gave it finite values, so that what it reads has no range.';

/** Operators that take more time than in float, most of them. */
const MOST_SLOWER = 5;

/**
 * Proves an int8 model: it loads, it runs on the evaluation samples, it is timed against float, and its nodes are read.
 * @param summary of the float model
 * @param keepFloat the layers that were left in float on purpose
 * @param targetDrop what it is judged by
 * @throws EngineError `runtime`, `cancelled`
 */
export async function prove(
  pool: WorkerPool,
  model: Model,
  measured: Measured,
  { bytes: floatBytes, unquantizable }: Pick<ModelSummary, 'bytes' | 'unquantizable'>,
  keepFloat: readonly string[],
  targetDrop: number,
  { onProgress, signal }: Run,
): Promise<Proof> {
  const { dataset, evaluator, reference, outputs } = measured;
  const bytes = encodeModel(model);
  const title = 'Running the int8 model';
  const progress = new StageProgress('quantize', title, dataset.evaluation.length, onProgress);
  const verdict = await evaluator.judge(bytes, () => progress.step(), signal);
  const { session, nodes } = await loadWithNodes(pool.first, bytes, {
    original: model.graph,
    keepFloat,
    unquantizable: [...unquantizable, ...measured.unreached.map(({ name }) => ({ name, reason: UNREACHED }))],
  });
  const sessions = [session];
  const release = async () => {
    for (const each of sessions) await each.release();
  };
  const time = async () => {
    sessions.unshift(await pool.first.load(reference.bytes, { threads: 1 }));
    const timing = new StageProgress('quantize', 'Timing int8 beside float', LEAST_ROUNDS, onProgress);
    const times = await measureLatencies(sessions, outputs, evaluator.samples, signal, () => timing.step());
    timing.end();
    return times;
  };
  const [float, int8] = await time().finally(release);
  if (float === undefined || int8 === undefined) throw new RangeError('two models have two times');
  const count = (kind: RunNode['kind']) => nodes.filter((n) => n.kind === kind).length;
  const { metric } = dataset;
  const difference = interval95(pairedDifference(evaluator.floatSamples, verdict.samples));
  const blind = whyNotMeasurable(metric, evaluator, measured.blindData, verdict.sqnrDb);
  const latencyOf = ({ median, low, high }: typeof float) => ({
    latencyMs: median,
    latencySpread: { low, high },
  });
  return {
    model,
    nodes,
    float: { metric, score: evaluator.float, ...latencyOf(float), bytes: floatBytes },
    result: {
      metric,
      score: verdict.score,
      ...latencyOf(int8),
      bytes: modelBytes(model, bytes),
      integerNodes: count('integer'),
      floatNodes: count('float'),
      floatGroups: floatGroups(nodes),
      difference,
      verdict: judgeTarget({
        ...{ metric, difference, targetDrop, blind },
        floatScore: evaluator.float,
        samples: evaluator.samples.length,
      }),
      speedup: speedup(float, int8),
      floatShare: floatShareOf(measured, nodes),
      slower: int8.median > float.median ? await slowerOperators(pool.first, bytes, measured) : [],
    },
  };
}

/** Share of the multiplications with additions whose layer has no integer node in the optimized graph. */
function floatShareOf({ costs, layers, unreached }: Measured, nodes: readonly RunNode[]): number {
  const own = nodes.filter((n) => n.kind === 'integer').map((n) => withoutSuffix(n.name));
  // A layer that a remedy split is known by its parts.
  const integer = new Set([...own, ...own.map(wholeName)]);
  const names = [...layers, ...unreached].map((l) => l.name);
  const sum = (list: readonly string[]) => list.reduce((n, name) => n + (costs.get(name) ?? 0), 0);
  const all = sum(names);
  return all === 0 ? 0 : sum(names.filter((name) => !integer.has(name))) / all;
}

/** Where an int8 model spends more time than the float one, by operator type. */
async function slowerOperators(
  worker: RuntimeWorker,
  bytes: Uint8Array,
  { evaluator, reference, outputs }: Measured,
): Promise<Int8Result['slower']> {
  const sample = await evaluator.samples.load(0);
  const float = await operatorTimes(worker, reference.bytes, outputs, sample);
  const int8 = await operatorTimes(worker, bytes, outputs, sample);
  return [...int8]
    .map(([opType, milliseconds]) => ({ opType, milliseconds, floatMilliseconds: float.get(opType) ?? 0 }))
    .filter((o) => o.milliseconds > o.floatMilliseconds)
    .sort((a, b) => b.milliseconds - b.floatMilliseconds - (a.milliseconds - a.floatMilliseconds))
    .slice(0, MOST_SLOWER);
}

/** Gathers float nodes by operator and reason: the largest groups first, those of one size by operator. */
export function floatGroups(nodes: readonly RunNode[]): FloatGroup[] {
  const groups = new Map<string, FloatGroup>();
  for (const { name, opType, reason } of nodes) {
    if (reason === null) continue;
    const key = `${opType}\n${reason}`;
    const group = groups.get(key) ?? { opType, reason, nodes: [] };
    group.nodes.push(name);
    groups.set(key, group);
  }
  return [...groups.values()].sort(
    (a, b) => b.nodes.length - a.nodes.length || (a.opType < b.opType ? -1 : a.opType > b.opType ? 1 : 0),
  );
}
