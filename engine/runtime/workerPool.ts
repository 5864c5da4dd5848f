import { availableParallelism, totalmem } from 'node:os';
import { throwIfCancelled } from '../common/cancellation';
import { RuntimeWorker } from './runtimeWorker';

/** A few workers, each on one thread: small models run faster side by side than spread over cores. */
export class WorkerPool {
  private readonly workers: RuntimeWorker[];

  /** @param memory bytes that those who work with the pool may keep, so as not to compute them again */
  constructor(
    size = Math.min(8, availableParallelism()),
    readonly memory = Math.min(2 ** 31, totalmem() / 8),
  ) {
    this.workers = Array.from({ length: size }, () => new RuntimeWorker());
  }

  /** The worker that measures time. */
  get first(): RuntimeWorker {
    const [worker] = this.workers;
    if (worker === undefined) throw new RangeError('a pool has at least one worker');
    return worker;
  }

  /**
   * Hands out the indices 0 … count − 1 to the workers as they become free.
   * @param prepare runs once in each worker that gets work; its result goes to `work` and then to `finish`
   * @throws the first failure, or `cancelled`; work under way in other workers is awaited first
   */
  async forEach<T>(
    count: number,
    {
      prepare,
      work,
      finish,
    }: {
      prepare: (worker: RuntimeWorker) => Promise<T>;
      work: (prepared: T, index: number) => Promise<void>;
      finish: (prepared: T) => Promise<void>;
    },
    signal?: AbortSignal,
  ): Promise<void> {
    let next = 0;
    // In order of time; what fails while others clean up only follows from the first.
    const failures: unknown[] = [];
    const loop = async (worker: RuntimeWorker) => {
      throwIfCancelled(signal);
      const prepared = await prepare(worker);
      try {
        while (next < count && failures.length === 0) {
          throwIfCancelled(signal);
          await work(prepared, next++);
        }
      } catch (thrown) {
        failures.push(thrown);
      }
      await finish(prepared);
    };
    const noting = (worker: RuntimeWorker) => loop(worker).catch((thrown: unknown) => failures.push(thrown));
    await Promise.all(this.workers.slice(0, count).map(noting));
    if (failures.length > 0) throw failures[0];
  }

  async dispose(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
