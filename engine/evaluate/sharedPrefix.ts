import { unlessCancelled } from '../common/cancellation';
import type { Sample } from '../data/samples/dataset';
import { encodeModel } from '../onnx/file/readModel';
import { exposeTensors } from '../onnx/graph/addGraphOutputs';
import type { Model } from '../onnx/graph/model';
import type { Tensor } from '../onnx/tensors/tensor';
import type { Session } from '../runtime/runtimeWorker';
import { shareTensor } from '../runtime/shareTensor';
import type { WorkerPool } from '../runtime/workerPool';
import type { Feeds } from '../runtime/workerProtocol';
import { ownValue } from '../shared/ownValue';
import type { Evaluator } from './evaluator';

/** What is kept of a sample: what the base reads and computes of the cuts, and its outputs; where all threads see it. */
export interface Kept extends Pick<Sample, 'truth'> {
  index: number;
  tensors: Feeds;
}

/** Runs the base and keeps what variants start from, for as many samples as the memory holds. */
export class Prefix {
  milliseconds = 0;
  /** How many samples took them. */
  runs = 0;
  private readonly bytes: Uint8Array;
  private readonly exposed: string[];
  private readonly inputs: ReadonlySet<string>;
  /** Bytes of each tensor that it could keep, of the first sample, once it was run. */
  private sizes: ReadonlyMap<string, number> | undefined;
  /** What was kept before, whose memory is used again, and which tensors. */
  private last: Kept[] = [];
  private lastNames: ReadonlySet<string> = new Set();

  /**
   * @param exposed what it could hand out, and does for the first sample: machines that share variants have to agree on
   * whether it can, and the last bits of floats depend on it
   */
  constructor(base: Model, exposed: readonly string[]) {
    // Its own inputs the base has, and cannot hand out.
    this.inputs = new Set(base.graph.input.map((i) => i.name));
    this.exposed = [...new Set(exposed)].filter((name) => !this.inputs.has(name));
    this.bytes = encodeModel(exposeTensors(base, this.exposed).model);
  }

  /**
   * As many of the samples as the memory holds, from the first one on. What was answered before is written over, or answered
   * again where it is just that.
   * @param names what it keeps of each sample
   */
  async compute(
    pool: WorkerPool,
    evaluator: Evaluator,
    indices: readonly number[],
    names: ReadonlySet<string>,
    memory: number,
    signal: AbortSignal | undefined,
  ): Promise<Kept[]> {
    const before = this.last;
    const isThere =
      before.length > 0 &&
      before.every(({ index }, i) => index === indices[i]) &&
      [...names].every((name) => this.lastNames.has(name));
    if (isThere) return before;
    const { samples } = evaluator;
    const kept: Kept[] = [];
    const own = this.exposed.filter((name) => names.has(name));
    const spare = new SpareTensors(
      before.map(({ tensors }) => tensors),
      names,
    );
    const run = async (session: Session, k: number) => {
      const index = indices[k] ?? 0;
      const sample = await unlessCancelled(samples.load(index), signal);
      const old = Object.fromEntries(
        [...names].flatMap((name) => {
          const tensor = spare.take(name, this.sizes?.get(name) ?? 0);
          return tensor === undefined ? [] : [[name, tensor] as const];
        }),
      );
      const isFirst = this.sizes === undefined;
      const { outputs, milliseconds } = await session.runShared(
        sample.feeds,
        isFirst ? this.exposed : own,
        old,
      );
      this.milliseconds += milliseconds;
      this.runs++;
      if (isFirst)
        this.sizes = new Map(
          Object.entries({ ...sample.feeds, ...outputs }).map(([name, t]) => [name, t.data.byteLength]),
        );
      const fed = Object.entries(sample.feeds).flatMap(([name, tensor]) =>
        names.has(name) ? [[name, shareTensor(tensor, ownValue(old, name))] as const] : [],
      );
      const tensors = { ...pick(outputs, own), ...Object.fromEntries(fed) };
      kept[k] = { index, truth: sample.truth, tensors };
    };
    const begun = this.sizes === undefined ? 1 : 0;
    if (begun > 0) {
      const session = await evaluator.load(pool.first, this.bytes);
      await run(session, 0).finally(() => session.release());
    }
    const size = [...names].reduce((n, name) => n + (this.sizes?.get(name) ?? 0), 0);
    const count = Math.min(indices.length, Math.max(1, Math.floor(memory / Math.max(1, size))));
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
    this.lastNames = names;
    return kept;
  }
}

/** Those of the named tensors that are there. */
export function pick(tensors: Feeds, names: readonly string[]): Feeds {
  return Object.fromEntries(
    names.flatMap((name) => {
      const tensor = ownValue(tensors, name);
      return tensor === undefined ? [] : [[name, tensor] as const];
    }),
  );
}

/** Memory that all threads see of tensors that nobody reads any more, to be written over: no garbage collector counts it. */
export class SpareTensors {
  private readonly byName = new Map<string, Tensor[]>();

  /** @param wanted names of which tensors will be asked for: theirs are not given to others */
  constructor(
    samples: readonly Readonly<Record<string, Tensor>>[],
    private readonly wanted: ReadonlySet<string>,
  ) {
    for (const sample of samples)
      for (const [name, tensor] of Object.entries(sample)) {
        const own = this.byName.get(name) ?? [];
        own.push(tensor);
        this.byName.set(name, own);
      }
  }

  /** One that had this name, or one of so many bytes whose name is not wanted any more. */
  take(name: string, bytes: number): Tensor | undefined {
    const own = this.byName.get(name)?.pop();
    if (own !== undefined) return own;
    for (const [other, tensors] of this.byName) {
      const last = tensors.at(-1);
      if (last !== undefined && !this.wanted.has(other) && last.data.buffer.byteLength >= bytes)
        return tensors.pop();
    }
    return undefined;
  }
}
