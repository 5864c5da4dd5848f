import type { Run } from '../../common/run';
import type { JudgedVariant, JudgeOptions, Variant } from '../../evaluate/evaluateVariants';
import type { Evaluator } from '../../evaluate/evaluator';
import type { Model } from '../../onnx/graph/model';
import type { Candidate } from '../candidate/candidate';

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

/** What several machines measured together, in place of measuring it. */
export interface KnownVariants {
  /**
   * What one run over all samples finds of the variants.
   * @throws EngineError `bad-data` where something else was measured, or too little
   */
  judge: (evaluator: Evaluator, subject: Subject, options: SubjectOptions) => Map<string, JudgedVariant>;
}

/** What a search runs with. */
export interface SearchRun extends Run {
  /** What machines that shared the work found of the layers; left out, these are measured here. */
  known?: KnownVariants | undefined;
}
