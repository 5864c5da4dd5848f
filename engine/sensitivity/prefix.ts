import { unlessCancelled } from '../engineError';
import type { Sample } from '../feeds/dataset';
import { exposeTensors } from '../onnx/exposeTensors';
import { encodeModel, type Model } from '../onnx/model';
import type { Session } from '../runtime/runtimeWorker';
import { shareTensor } from '../runtime/shareTensor';
import type { WorkerPool } from '../runtime/workerPool';
import type { Feeds } from '../runtime/workerProtocol';
import type { Evaluator } from './evaluator';

/** What is kept of a sample: what the base reads and computes of the cuts, and its outputs; where all threads see it. */
export interface Kept extends Pick<Sample, 'truth'> {
  index: number;
  tensors: Feeds;
}

/** Runs the base and keeps what the variants start from, for as many samples as the memory holds. */
export class Prefix {
  milliseconds = 0;
  /** How many samples took them. */
  runs = 0;
  private readonly bytes: Uint8Array;
  private readonly exposed: string[];
  private readonly names: string[];
  /** Of the first sample, once it was run. */
  private size: number | undefined;
  /** What was kept before, whose memory is used again. */
  private last: Kept[] = [];

  /**
   * @param exposed what it could hand out, and does for the first sample: machines that share variants have to agree on
   * whether it can
   * @param names what it does
   * @param inputs of the base that variants are fed with
   */
  constructor(
    base: Model,
    exposed: readonly string[],
    names: readonly string[],
    private readonly inputs: ReadonlySet<string>,
  ) {
    this.exposed = [...new Set(exposed)];
    this.names = [...new Set(names)];
    this.bytes = encodeModel(exposeTensors(base, exposed).model);
  }

  /** What was answered before is written over. */
  async compute(
    pool: WorkerPool,
    evaluator: Evaluator,
    indices: readonly number[],
    memory: number,
    signal: AbortSignal | undefined,
  ): Promise<Kept[]> {
    const { samples } = evaluator;
    const kept: Kept[] = [];
    const before = this.last;
    const run = async (session: Session, k: number) => {
      const index = indices[k] ?? 0;
      const sample = await unlessCancelled(samples.load(index), signal);
      const old = before[k]?.tensors ?? {};
      const wanted = this.size === undefined ? this.exposed : this.names;
      const { outputs, milliseconds } = await session.runShared(sample.feeds, wanted, old);
      this.milliseconds += milliseconds;
      this.runs++;
      const fed = Object.entries(sample.feeds).flatMap(([name, tensor]) =>
        this.inputs.has(name) ? [[name, shareTensor(tensor, old[name])] as const] : [],
      );
      kept[k] = {
        index,
        truth: sample.truth,
        tensors: { ...pick(outputs, this.names), ...Object.fromEntries(fed) },
      };
    };
    const begun = this.size === undefined ? 1 : 0;
    if (this.size === undefined) {
      const session = await evaluator.load(pool.first, this.bytes);
      await run(session, 0).finally(() => session.release());
      this.size = Object.values(kept[0]?.tensors ?? {}).reduce((n, t) => n + t.data.byteLength, 0);
    }
    const count = Math.min(indices.length, Math.max(1, Math.floor(memory / Math.max(1, this.size))));
    await pool.forEach(
      count - begun,
      {
        prepare: (worker) => evaluator.load(worker, this.bytes),
        work: (one, k) => run(one, k + begun),
        finish: (one) => one.release(),
      },
      signal,
    );
    this.last = kept;
    return kept;
  }
}

/** Those of the named tensors that are there. */
export function pick(tensors: Feeds, names: readonly string[]): Feeds {
  return Object.fromEntries(
    names.flatMap((name) => {
      const tensor = tensors[name];
      return tensor === undefined ? [] : [[name, tensor] as const];
    }),
  );
}
