import type { Model } from '../../onnx/graph/model';
import type { WorkerPool } from '../../runtime/workerPool';
import type { Evaluator } from '../../evaluate/evaluator';
import {
  judgeVariants,
  type JudgedVariant,
  type JudgeOptions,
  type Variant,
} from '../../evaluate/evaluateVariants';
import type { Candidate } from '../candidate/candidate';
import type { KnownRatings } from '../../sharding/mergedRatings';

/** Each layer alone in int8, or everything in int8 but one layer. */
export type SubjectKind = 'alone' | 'without';

/** Variants of one network that are measured together, one for each layer. */
export interface Subject {
  kind: SubjectKind;
  /** What decides them, whichever layers are in int8. */
  candidate: Candidate;
  base: Model;
  variants: Variant[];
}

export type SubjectOptions = Pick<JudgeOptions, 'first' | 'onFirst' | 'isSettled' | 'onVerdict' | 'signal'>;

/**
 * Scores the variants, or takes what machines that shared the work found of them.
 * @throws EngineError `bad-data` where these measured something else; `runtime`, `cancelled`
 */
export async function judgeLayers(
  pool: WorkerPool,
  chooser: Evaluator,
  subject: Subject,
  known: KnownRatings | undefined,
  options: SubjectOptions,
): Promise<Map<string, JudgedVariant>> {
  if (known !== undefined) return known.judge(chooser, subject, options);
  const { verdicts } = await judgeVariants(pool, chooser, subject.base, subject.variants, options);
  return verdicts;
}
