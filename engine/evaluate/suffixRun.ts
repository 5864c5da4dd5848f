import { throwIfCancelled } from '../common/cancellation';
import type { Rating } from '../data/metrics/rater';
import { type Model } from '../onnx/graph/model';
import { encodeModel } from '../onnx/file/readModel';
import { suffixModel, type CutTensor, type Suffix } from '../onnx/graph/graphSuffix';
import type { RuntimeWorker, Session } from '../runtime/runtimeWorker';
import type { Evaluator } from './evaluator';
import { pick, type Kept } from './sharedPrefix';
import { ownValue } from '../shared/ownValue';

/** Samples that are handed to a worker before the first of them has come back, so that it need not wait for this thread. */
const WINDOW = 3;

/** A variant's own part, to be loaded. */
export interface SuffixProgram {
  suffix: Suffix;
  /** Its outputs; the others are those of the base. */
  outputs: string[];
  /** `null` where it has none. */
  bytes: Uint8Array | null;
}

export function suffixProgram(
  variant: Model,
  suffix: Suffix,
  kept: readonly Kept[],
  evaluator: Evaluator,
): SuffixProgram {
  const alike = new Set(suffix.alike);
  const outputs = evaluator.outputs.filter((name) => !alike.has(name));
  if (outputs.length === 0) return { suffix, outputs, bytes: null };
  const tensors = new Map(suffix.cut.map((name) => [name, describe(name, kept)] as const));
  return { suffix, outputs, bytes: encodeModel(suffixModel(variant, suffix, tensors)) };
}

/** Runs a variant's own part on samples that the base has begun. */
export class SuffixRun {
  milliseconds = 0;

  private constructor(
    private readonly evaluator: Evaluator,
    private readonly program: SuffixProgram,
    private readonly session: Session | null,
  ) {}

  static async start(
    worker: RuntimeWorker,
    program: SuffixProgram,
    evaluator: Evaluator,
  ): Promise<SuffixRun> {
    const { bytes } = program;
    return new SuffixRun(evaluator, program, bytes === null ? null : await evaluator.load(worker, bytes));
  }

  /**
   * Rates samples in their order, as long as somebody asks for the next.
   * @param meanwhile called while the worker has something to do
   * @throws EngineError `runtime`, `cancelled`
   */
  async *rateInTurn(
    samples: readonly Kept[],
    meanwhile: () => void,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<[index: number, rating: Rating]> {
    const begun: Promise<Rating>[] = [];
    try {
      for (const [i, { index }] of samples.entries()) {
        throwIfCancelled(signal);
        begun.push(...samples.slice(i + begun.length, i + WINDOW).map((sample) => this.rate(sample)));
        meanwhile();
        const rating = await begun.shift();
        if (rating !== undefined) yield [index, rating];
      }
    } finally {
      await Promise.allSettled(begun);
    }
  }

  private async rate(kept: Kept): Promise<Rating> {
    const { evaluator, session } = this;
    const { suffix, outputs } = this.program;
    const known = pick(kept.tensors, suffix.alike);
    if (session === null) return evaluator.rate(kept.index, kept, known);
    const expected = evaluator.expected(kept.index, kept);
    const ran = await session.rate(pick(kept.tensors, suffix.cut), outputs, expected, { known });
    this.milliseconds += ran.milliseconds;
    return ran.rating;
  }

  async release(): Promise<void> {
    await this.session?.release();
  }
}

/** What the samples say of a tensor: its sizes where they agree. */
function describe(name: string, kept: readonly Kept[]): CutTensor {
  const all = kept.flatMap(({ tensors }) => ownValue(tensors, name) ?? []);
  const [first] = all;
  if (first === undefined) throw new RangeError(`no sample has ${name}`);
  const dims = first.dims.map((size, axis) => (all.every((t) => t.dims[axis] === size) ? size : null));
  return { type: first.type, dims };
}
