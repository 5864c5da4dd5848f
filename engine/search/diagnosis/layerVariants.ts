import type { JudgeOptions, Variant } from '../../evaluate/evaluateVariants';
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
