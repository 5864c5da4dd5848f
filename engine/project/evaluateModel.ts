import { EngineError } from '../shared/engineError';
import { inspectSamples } from '../data/checks/inspectSamples';
import { rulesOf } from '../data/metrics/rater';
import { emptyData } from '../data/checks/dataWarnings';
import { floatReference } from '../runtime/floatReference';
import { whyNotMeasurable } from '../report/measurability';
import { inputSpecs } from '../onnx/summary/inputSpecs';
import { openSamples, type OpenModel } from '../evaluate/baseline';
import type { Run } from '../common/run';
import { StageProgress } from '../common/progress';
import type { AnalyzeSettings } from '../shared/protocol/settings';
import type { EvaluateResult } from '../shared/protocol/report';
import type { ModelSummary } from '../shared/protocol/model';
import type { WorkerPool } from '../runtime/workerPool';
import { Evaluator } from '../evaluate/evaluator';
import { measureLatencies } from '../evaluate/latency';
import { interval95, pairedDifference } from '../stats/pairedDifference';
import { comparesWithFloat, DEFAULT_DROP, MAX_SQNR_DB } from '../shared/accuracyTarget';
import { judgeTarget } from '../report/verdict';

/** A model on disk. */
export interface Opened {
  readonly model: OpenModel;
  readonly summary: Pick<ModelSummary, 'path' | 'bytes'>;
}

/**
 * Scores a model as it is.
 * @param against its float original, for metrics that know no truth
 * @throws EngineError `bad-option` where such a metric is asked for without it; `bad-data`, `runtime`, `cancelled`
 */
export async function evaluateModel(
  pool: WorkerPool,
  one: Opened,
  against: Opened | null,
  settings: Pick<AnalyzeSettings, 'data' | 'preset' | 'samples' | 'skipFailed'>,
  run: Run,
): Promise<EvaluateResult> {
  const { onProgress, signal } = run;
  const { model: reference } = against ?? one;
  const outputs = reference.original.graph.output.map((o) => o.name);
  const dataset = await openSamples(settings, reference, pool.memory, run);
  if (against === null && comparesWithFloat(dataset.metric)) {
    throw new EngineError(
      'bad-option',
      `${settings.data} asks for ${dataset.metric}, which compares a model with its float original.`,
      'Name that with --against, or add the truth to the data.',
    );
  }
  const total = dataset.evaluation.length;
  const progress = new StageProgress('evaluate', 'Scoring', against === null ? total : 2 * total, onProgress);
  const step = () => progress.step();
  const float = (await floatReference(pool, reference)).bytes;
  const bytes = against === null ? float : (await floatReference(pool, one.model)).bytes;
  const rules = rulesOf(dataset, outputs);
  const evaluator = await Evaluator.create(pool, dataset.evaluation, rules, float, {
    onSample: step,
    skipFailed: settings.skipFailed,
    signal,
  });
  const judged = against === null ? null : await evaluator.judge(bytes, step, signal);
  const { metric } = dataset;
  const specs = inputSpecs(reference.original);
  const { seen } = await inspectSamples({ calibration: dataset.evaluation, color: dataset.color }, specs);
  const empty = emptyData(seen);
  const blind = whyNotMeasurable(metric, evaluator, empty[0] ?? null, judged?.sqnrDb ?? MAX_SQNR_DB);
  const session = await pool.first.load(bytes, { threads: 1 });
  const [latency] = await measureLatencies([session], outputs, evaluator.samples, signal).finally(() =>
    session.release(),
  );
  return {
    model: one.summary.path,
    against: against?.summary.path ?? null,
    metric,
    score: judged?.score ?? evaluator.float,
    floatScore: against === null ? null : evaluator.float,
    verdict:
      judged !== null
        ? judgeTarget({
            ...{ metric, blind, floatScore: evaluator.float, targetDrop: DEFAULT_DROP },
            difference: interval95(pairedDifference(evaluator.floatSamples, judged.samples)),
            samples: evaluator.samples.length,
          })
        : blind === null
          ? null
          : { kind: 'not-measurable', reason: blind },
    latencyMs: latency?.median ?? 0,
    bytes: one.summary.bytes,
    samples: evaluator.samples.length,
    warnings: [...dataset.warnings, ...empty],
  };
}
