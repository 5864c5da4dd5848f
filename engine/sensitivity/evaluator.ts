import type { Sample, SampleSource } from '../feeds/dataset';
import type { Metric, Reference, SampleScore } from '../feeds/metrics/metric';
import { RunningScore } from '../feeds/metrics/runningScore';
import { throwIfCancelled } from '../engineError';
import type { RuntimeWorker, Session } from '../runtime/runtimeWorker';
import type { WorkerPool } from '../runtime/workerPool';

const oneThread = { threads: 1 };

/** Scores models on one set of samples, against their truth or against the float model. */
export class Evaluator {
  private readonly references: (Reference | null)[] = [];
  private floatScore = 0;

  private constructor(
    private readonly pool: WorkerPool,
    readonly samples: SampleSource,
    private readonly metric: Metric,
    private readonly outputs: string[],
  ) {}

  /** Runs the float model once over the samples and keeps what the metric needs of it. */
  static async create(
    pool: WorkerPool,
    samples: SampleSource,
    metric: Metric,
    float: { model: Uint8Array; outputs: string[] },
    onSample?: () => void,
    signal?: AbortSignal,
  ): Promise<Evaluator> {
    const evaluator = new Evaluator(pool, samples, metric, float.outputs);
    const scores: SampleScore[] = [];
    await pool.forEach(
      samples.length,
      {
        prepare: (worker) => worker.load(float.model, oneThread),
        work: async (session, i) => {
          const sample = await samples.load(i);
          const { outputs } = await session.run(sample.feeds, float.outputs);
          const reference = metric.reference(outputs);
          evaluator.references[i] = reference;
          scores[i] = metric.score(outputs, sample.truth, reference);
          onSample?.();
        },
        finish: (session) => session.release(),
      },
      signal,
    );
    evaluator.floatScore = total(scores);
    return evaluator;
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
          scores[i] = await this.scoreSample(session, await this.samples.load(i), i);
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
        scores.push(await this.scoreSample(session, await this.samples.load(i), i));
      }
      return total(scores);
    } finally {
      await session.release();
    }
  }

  private async scoreSample(session: Session, sample: Sample, i: number): Promise<SampleScore> {
    const { outputs } = await session.run(sample.feeds, this.outputs);
    return this.metric.score(outputs, sample.truth, this.references[i] ?? null);
  }
}

function total(scores: readonly SampleScore[]): number {
  const running = new RunningScore();
  for (const score of scores) running.add(score);
  return running.value;
}
