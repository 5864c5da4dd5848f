import type { Sample, SampleSource } from '../feeds/dataset';
import type { Metric, Reference, SampleScore } from '../feeds/metrics/metric';
import { RunningScore } from '../feeds/metrics/runningScore';
import { errorText, throwIfCancelled, unlessCancelled } from '../engineError';
import { nameSample } from '../feeds/nameSample';
import type { RuntimeWorker, Session } from '../runtime/runtimeWorker';
import type { WorkerPool } from '../runtime/workerPool';

const oneThread = { threads: 1 };

export interface EvaluationOptions {
  onSample?: () => void;
  /** Leaves samples out that cannot be loaded or run in float. */
  skipFailed?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** Scores models on one set of samples, against their truth or against the float model. */
export class Evaluator {
  private readonly references: (Reference | null)[] = [];
  private floatScore = 0;
  /** Samples that failed in float and are left out, if that was asked for. */
  readonly skipped: { name: string; reason: string }[] = [];

  private constructor(
    private readonly pool: WorkerPool,
    private source: SampleSource,
    private readonly metric: Metric,
    private readonly outputs: string[],
  ) {}

  /**
   * Runs the float model once over the samples and keeps what the metric needs of it.
   * @throws EngineError that names the sample which failed, unless such are to be skipped and others are left
   */
  static async create(
    pool: WorkerPool,
    samples: SampleSource,
    metric: Metric,
    float: { model: Uint8Array; outputs: string[] },
    { onSample, skipFailed, signal }: EvaluationOptions = {},
  ): Promise<Evaluator> {
    const evaluator = new Evaluator(pool, samples, metric, float.outputs);
    const found: ({ score: SampleScore; reference: Reference | null } | undefined)[] = [];
    const failures: { index: number; name: string; reason: string; thrown: unknown }[] = [];
    await pool.forEach(
      samples.length,
      {
        prepare: (worker) => worker.load(float.model, oneThread),
        work: async (session, i) => {
          let name = `#${i}`;
          try {
            const sample = await unlessCancelled(samples.load(i), signal);
            ({ name } = sample);
            const { outputs } = await session.run(sample.feeds, float.outputs, sample.sequence);
            const reference = metric.reference(outputs);
            found[i] = { score: metric.score(outputs, sample.truth, reference), reference };
          } catch (thrown) {
            throwIfCancelled(signal);
            const named = nameSample(thrown, name);
            if (skipFailed !== true) throw named;
            failures.push({ index: i, name, reason: errorText(thrown), thrown: named });
          }
          onSample?.();
        },
        finish: (session) => session.release(),
      },
      signal,
    );
    const usable = [...found.keys()].filter((i) => found[i] !== undefined);
    if (usable.length === 0 && failures.length > 0) throw failures[0]?.thrown;
    evaluator.skipped.push(
      ...failures.sort((a, b) => a.index - b.index).map(({ name, reason }) => ({ name, reason })),
    );
    if (failures.length > 0) {
      evaluator.source = { length: usable.length, load: (i) => samples.load(usable[i] ?? i) };
    }
    const kept = usable.flatMap((i) => found[i] ?? []);
    evaluator.references.push(...kept.map((k) => k.reference));
    evaluator.floatScore = total(kept.map((k) => k.score));
    return evaluator;
  }

  /** The samples that are scored. */
  get samples(): SampleSource {
    return this.source;
  }

  /** The float model's score. */
  get float(): number {
    return this.floatScore;
  }

  /** Score of a model, its samples spread over all workers. */
  async score(model: Uint8Array, onSample?: () => void, signal?: AbortSignal): Promise<number> {
    const scores: SampleScore[] = [];
    await this.pool.forEach(
      this.samples.length,
      {
        prepare: (worker) => worker.load(model, oneThread),
        work: async (session, i) => {
          scores[i] = await this.scoreSample(session, await unlessCancelled(this.samples.load(i), signal), i);
          onSample?.();
        },
        finish: (session) => session.release(),
      },
      signal,
    );
    return total(scores);
  }

  /** Score of a model in one worker, for callers that keep the others busy with other models. */
  async scoreIn(worker: RuntimeWorker, model: Uint8Array, signal?: AbortSignal): Promise<number> {
    const session = await worker.load(model, oneThread);
    try {
      const scores: SampleScore[] = [];
      for (let i = 0; i < this.samples.length; i++) {
        throwIfCancelled(signal);
        scores.push(await this.scoreSample(session, await unlessCancelled(this.samples.load(i), signal), i));
      }
      return total(scores);
    } finally {
      await session.release();
    }
  }

  private async scoreSample(session: Session, sample: Sample, i: number): Promise<SampleScore> {
    const { outputs } = await session.run(sample.feeds, this.outputs, sample.sequence);
    return this.metric.score(outputs, sample.truth, this.references[i] ?? null);
  }
}

function total(scores: readonly SampleScore[]): number {
  const running = new RunningScore();
  for (const score of scores) running.add(score);
  return running.value;
}
