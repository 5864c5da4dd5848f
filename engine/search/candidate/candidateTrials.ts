import type { MetricName } from '../../shared/protocol/choices';
import type { NotebookEntry, NotebookStep } from '../../shared/protocol/report';
import type { Evaluator, Verdict } from '../../evaluate/evaluator';
import { pairedDifference } from '../../stats/pairedDifference';
import { meetsTarget } from '../../shared/accuracyTarget';
import { encodeCandidate, type Candidate } from './candidate';

/** What is sought is a quarter of what is accepted: what chooses is not what is proved, and scores come out lower there. */
const AIM = 0.25;
/** The share of what is accepted that refined layers may lose. */
export const SUFFICES = 0.5;
/** Decibels of the outputs' noise that count as a difference where scores do not differ. */
const CLEAR_DB = 0.5;

/** A candidate with what it scored on the choosing samples. */
export interface Judged {
  candidate: Candidate;
  verdict: Verdict;
  /** Its line in the notebook. */
  entry: NotebookEntry;
}

/** Scores candidates on the samples that choose, and keeps the notebook of all that was tried. */
export class Judge {
  readonly notebook: NotebookEntry[] = [];

  constructor(
    private readonly evaluator: Evaluator,
    private readonly metric: MetricName,
    private readonly targetDrop: number,
    private readonly signal: AbortSignal | undefined,
  ) {}

  get floatScore(): number {
    return this.evaluator.float;
  }

  get sampleCount(): number {
    return this.evaluator.samples.length;
  }

  /**
   * Scores a candidate and writes down what it was; whether it is kept is for the caller to say.
   * @throws EngineError `runtime`, `cancelled`
   */
  async attempt(
    step: NotebookStep,
    tried: string,
    candidate: Candidate,
    onSample?: () => void,
  ): Promise<Judged> {
    const verdict = await this.evaluator.judge(encodeCandidate(candidate), onSample, this.signal);
    const { difference, standardError } = pairedDifference(this.evaluator.floatSamples, verdict.samples);
    const entry = {
      step,
      tried,
      score: verdict.score,
      difference,
      standardError,
      sqnrDb: verdict.sqnrDb,
      kept: false,
      ...(step === 'remedy'
        ? { network: { remedies: [...candidate.remedies], weights: candidate.weights } }
        : {}),
    };
    this.notebook.push(entry);
    return { candidate, verdict, entry };
  }

  /** Whether it is as near to float as was asked for. */
  meets({ verdict }: Judged): boolean {
    return meetsTarget(this.metric, this.floatScore, verdict.score, this.targetDrop);
  }

  /** Whether a score of layers that were refined suffices. Each costs bytes or time, so that less is left over than is aimed at. */
  suffices(score: number): boolean {
    return meetsTarget(this.metric, this.floatScore, score, SUFFICES * this.targetDrop);
  }

  /** Whether it is near enough that nothing more needs to be tried. */
  aims({ verdict }: Judged): boolean {
    return meetsTarget(this.metric, this.floatScore, verdict.score, AIM * this.targetDrop);
  }

  /**
   * Whether `b` scores less than `a` by more than the samples' noise and more than a tenth of what may be lost.
   * @param errors how many standard errors count as noise
   */
  isClearlyWorse(a: Judged, b: Judged, errors = 1): boolean {
    const { difference, standardError } = pairedDifference(a.verdict.samples, b.verdict.samples);
    return -difference > Math.max(errors * standardError, 0.1 * this.targetDrop * Math.abs(this.floatScore));
  }

  /** Whether `b` is to be preferred: it scores more, or the same with less noise in its outputs. */
  isBetter(a: Judged, b: Judged): boolean {
    if (b.verdict.score !== a.verdict.score) return b.verdict.score > a.verdict.score;
    return b.verdict.sqnrDb > a.verdict.sqnrDb;
  }

  /** Whether changing `a` to `b` pays: clearly a better score, or no worse one and clearly less noise. */
  pays(a: Judged, b: Judged): boolean {
    if (this.isClearlyWorse(b, a)) return true;
    return b.verdict.score >= a.verdict.score && b.verdict.sqnrDb >= a.verdict.sqnrDb + CLEAR_DB;
  }

  best(all: readonly Judged[]): Judged | undefined {
    return all.reduce<Judged | undefined>(
      (a, b) => (a === undefined || this.isBetter(a, b) ? b : a),
      undefined,
    );
  }
}
