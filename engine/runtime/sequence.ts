import type { Feeds } from './workerProtocol';

/** Steps that run one after another, each fed with what the model answered in the one before. */
export interface Sequence {
  /** What each step after the first is fed besides what stays the same and what is fed back. */
  steps: Feeds[];
  /** Input to the output that is fed back to it. */
  carry: Record<string, string>;
}
