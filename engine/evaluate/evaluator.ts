import type { Sample, SampleSource } from '../data/samples/dataset';
import { createRater, type Expected, type Rater, type Rating, type RatingRules } from '../data/metrics/rater';
import type { Outputs, Reference, SampleScore } from '../data/metrics/metric';
import { RunningScore } from '../data/metrics/runningScore';
import { errorText } from '../shared/engineError';
import { throwIfCancelled, unlessCancelled } from '../common/cancellation';
import { nameSample } from '../data/samples/nameSample';
import { answersAlike, areAlike, floatFinding, type FloatFinding } from './floatFindings';
import type { RuntimeWorker, Session } from '../runtime/runtimeWorker';
import { shareData } from '../runtime/shareTensor';
import type { WorkerPool } from '../runtime/workerPool';
import type { SessionOptions } from '../runtime/workerProtocol';
import { spread } from '../stats/spread';
import { MAX_SQNR_DB } from '../shared/accuracyTarget';

const oneThread = { threads: 1 };
/** Samples on which outputs are compared with float ones, the first of those that stand for all: the float ones are kept in memory. */
const COMPARED_SAMPLES = 16;

/** Decibels below which two runs of the float model on one sample differ by more than the order of sums. */
const REPEATABLE_DB = 60;

/** What the float model's own outputs tell of an evaluation. */
export interface EvaluationFindings {
  /** Samples that were run, those among them that are left out too. */
  samples: number;
  /** Names of samples in which float answers NaN or infinities; they are left out where there are others. */
  notFinite: string[];
  /** Float answers the same for all samples, or by the metric's answers. */
  isAlike: boolean;
  isOneAnswer: boolean;
  /** Signal to the difference of two runs of one sample, in dB, where float does not repeat itself; else `null`. */
  repeatedDb: number | null;
}

/** What a model scored, and on each sample. */
export interface Verdict {
  score: number;
  samples: SampleScore[];
  /** Signal to noise of its outputs against the float model's, in dB: tells models apart that score alike. */
  sqnrDb: number;
  /** Cosine between the same outputs. */
  cosine: number;
}

export interface EvaluationOptions {
  /** How models other than the float one are run: as another target would where this processor is not the one. */
  unfused?: boolean | undefined;
  onSample?: () => void;
  /** Leaves samples out that cannot be loaded or run in float. */
  skipFailed?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** Scores models on one set of samples, against their truth or against the float model. */
export class Evaluator {
  private readonly references: (Reference | null)[] = [];
  private floatScores: SampleScore[] = [];
  private readonly compared: (Reference | null)[] = [];
  private readonly rater: Rater;
  /** Samples that failed in float and are left out, if that was asked for. */
  readonly skipped: { name: string; reason: string }[] = [];
  findings: EvaluationFindings = {
    ...{ samples: 0, notFinite: [], isAlike: false, isOneAnswer: false, repeatedDb: null },
  };

  private constructor(
    private readonly pool: WorkerPool,
    private source: SampleSource,
    private readonly rules: RatingRules,
    /** How models other than the float one are run. */
    private readonly options: SessionOptions,
  ) {
    this.rater = createRater(rules);
  }

  /**
   * Runs the float model once over the samples and keeps what the metric needs of it.
   * @param model the float model, with the rules' outputs
   * @throws EngineError that names the sample which failed, unless such are to be skipped and others are left
   */
  static async create(
    pool: WorkerPool,
    samples: SampleSource,
    rules: RatingRules,
    model: Uint8Array,
    { unfused, onSample, skipFailed, signal }: EvaluationOptions = {},
  ): Promise<Evaluator> {
    const options = unfused === true ? { ...oneThread, unfused } : oneThread;
    const evaluator = new Evaluator(pool, samples, rules, options);
    const { metric, comparison } = evaluator.rater;
    const isCompared = new Set(spread(samples.length).slice(0, COMPARED_SAMPLES));
    const found: (
      | {
          name: string;
          score: SampleScore;
          reference: Reference | null;
          compared: Reference | null;
          finding: FloatFinding;
        }
      | undefined
    )[] = [];
    const names = rules.outputs ?? rules.all;
    let repeatedDb: number | null = null;
    const failures: { index: number; name: string; reason: string; thrown: unknown }[] = [];
    await pool.forEach(
      samples.length,
      {
        prepare: (worker) => worker.load(model, oneThread),
        work: async (session, i) => {
          let name = `#${i}`;
          try {
            const sample = await unlessCancelled(samples.load(i), signal);
            ({ name } = sample);
            const { outputs } = await session.run(sample.feeds, rules.all, sample.sequence);
            const reference = metric.reference(outputs);
            const compared = isCompared.has(i) ? comparison.reference(outputs) : null;
            const score = metric.score(outputs, sample.truth, reference);
            const finding = floatFinding(outputs, names, rules.metric, reference);
            if (i === 0 && finding.isFinite) {
              const again = await session.run(sample.feeds, rules.all, sample.sequence);
              const { value } = comparison.score(again.outputs, null, comparison.reference(outputs));
              if (value < REPEATABLE_DB) repeatedDb = value;
            }
            const shared = { reference: shareReference(reference), compared: shareReference(compared) };
            found[i] = { name, score, ...shared, finding };
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
    const ran = [...found.keys()].filter((i) => found[i] !== undefined);
    const finite = ran.filter((i) => found[i]?.finding.isFinite === true);
    // What float has no answer for, int8 cannot lose.
    const usable = finite.length > 0 ? finite : ran;
    if (usable.length === 0 && failures.length > 0) throw failures[0]?.thrown;
    evaluator.skipped.push(
      ...failures.sort((a, b) => a.index - b.index).map(({ name, reason }) => ({ name, reason })),
    );
    if (usable.length < samples.length) {
      evaluator.source = { length: usable.length, load: (i) => samples.load(usable[i] ?? i) };
    }
    const kept = usable.flatMap((i) => found[i] ?? []);
    evaluator.references.push(...kept.map((k) => k.reference));
    evaluator.compared.push(...kept.map((k) => k.compared));
    evaluator.floatScores = kept.map((k) => k.score);
    evaluator.findings = {
      samples: ran.length,
      notFinite: ran.flatMap((i) => (found[i]?.finding.isFinite === false ? [found[i].name] : [])),
      isAlike: areAlike(kept.map((k) => k.finding)),
      isOneAnswer: answersAlike(kept.map((k) => k.finding)),
      repeatedDb,
    };
    return evaluator;
  }

  /** The samples that are scored. */
  get samples(): SampleSource {
    return this.source;
  }

  /** The float model's score. */
  get float(): number {
    return total(this.floatScores);
  }

  /** The float model's scores by sample. */
  get floatSamples(): readonly SampleScore[] {
    return this.floatScores;
  }

  /** Score of a model, its samples spread over all workers. */
  async score(model: Uint8Array, onSample?: () => void, signal?: AbortSignal): Promise<number> {
    return (await this.judge(model, onSample, signal)).score;
  }

  /** Score of a model by sample, and how near its outputs are to the float model's. */
  async judge(model: Uint8Array, onSample?: () => void, signal?: AbortSignal): Promise<Verdict> {
    const all = Array.from({ length: this.samples.length }, (_, i) => i);
    return this.verdict(await this.rateSome(model, all, onSample, signal));
  }

  /** What a model's outputs for some of the samples are worth, in the order of `indices`, spread over all workers. */
  async rateSome(
    model: Uint8Array,
    indices: readonly number[],
    onSample?: () => void,
    signal?: AbortSignal,
  ): Promise<Rating[]> {
    const ratings: Rating[] = [];
    await this.pool.forEach(
      indices.length,
      {
        prepare: (worker) => this.load(worker, model),
        work: async (session, i) => {
          ratings[i] = await this.rateSample(session, indices[i] ?? 0, signal);
          onSample?.();
        },
        finish: (session) => session.release(),
      },
      signal,
    );
    return ratings;
  }

  /** The outputs that are scored. */
  get outputs(): string[] {
    return this.rules.all;
  }

  /** Loads a model that is to be scored by {@link Session.rate}. */
  load(worker: RuntimeWorker, model: Uint8Array): Promise<Session> {
    return worker.load(model, this.options, this.rules);
  }

  /** What outputs for one of the samples are held against. */
  expected(i: number, { truth }: Pick<Sample, 'truth'>): Expected {
    return { truth, reference: this.references[i] ?? null, compared: this.compared[i] ?? null };
  }

  /** What outputs for one of the samples are worth. */
  rate(i: number, sample: Pick<Sample, 'truth'>, outputs: Outputs): Rating {
    return this.rater.rate(outputs, this.expected(i, sample));
  }

  /** @param ratings of all samples, in order */
  verdict(ratings: readonly Rating[]): Verdict {
    const scores = ratings.map((r) => r.score);
    const sqnrDb = meanOf(ratings.map((r) => r.sqnrDb)) ?? MAX_SQNR_DB;
    const cosine = meanOf(ratings.map((r) => r.cosine)) ?? 1;
    return { score: total(scores), samples: scores, sqnrDb, cosine };
  }

  /** What a model scores in one worker, for callers that keep the others busy with other models. */
  async judgeIn(worker: RuntimeWorker, model: Uint8Array, signal?: AbortSignal): Promise<Verdict> {
    const all = Array.from({ length: this.samples.length }, (_, i) => i);
    return this.verdict(await this.rateIn(worker, model, all, signal));
  }

  /** What a model's outputs for some of the samples are worth, in one worker. */
  async rateIn(
    worker: RuntimeWorker,
    model: Uint8Array,
    indices: readonly number[],
    signal?: AbortSignal,
  ): Promise<Rating[]> {
    const session = await this.load(worker, model);
    try {
      const ratings: Rating[] = [];
      for (const i of indices) {
        throwIfCancelled(signal);
        ratings.push(await this.rateSample(session, i, signal));
      }
      return ratings;
    } finally {
      await session.release();
    }
  }

  private async rateSample(session: Session, i: number, signal: AbortSignal | undefined): Promise<Rating> {
    const sample = await unlessCancelled(this.samples.load(i), signal);
    const { feeds, sequence } = sample;
    return (await session.rate(feeds, this.outputs, this.expected(i, sample), { sequence })).rating;
  }
}

/** Its arrays are sent with every run of the sample. */
function shareReference(reference: Reference | null): Reference | null {
  if (reference === null) return null;
  const shared = Object.entries(reference).map(
    ([name, { values, threshold }]) => [name, { values: shareData(values), threshold }] as const,
  );
  return Object.fromEntries(shared);
}

/** Of those that are known. */
function meanOf(values: readonly (number | null)[]): number | undefined {
  const known = values.flatMap((value) => (value === null || Number.isNaN(value) ? [] : [value]));
  return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0) / known.length;
}

function total(scores: readonly SampleScore[]): number {
  const running = new RunningScore();
  for (const score of scores) running.add(score);
  return running.value;
}
