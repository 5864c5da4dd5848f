import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EngineError } from '../engineError';
import { dataFolderOf } from '../onnx/externalData';
import type { Expected, Rating, RatingRules } from '../feeds/metrics/rater';
import type { Feeds, SessionOptions, WorkerCalls, WorkerKind, WorkerResponse } from './workerProtocol';
import type { Sequence } from './sequence';
import type { HistogramState } from '../stats/histogram';

/** Folder of the built files; set when the program is built. */
declare const QUANTSCOPE_DIST: string;

/** How long a thread may take to end by itself; a run of a large model is waited for. */
const PATIENCE_MS = 10_000;

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** One thread with its own onnxruntime. Calls are carried out in the order they were made. */
export class RuntimeWorker {
  private readonly worker = new Worker(join(QUANTSCOPE_DIST, 'worker.js'));
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private dead: EngineError | undefined;

  constructor() {
    this.worker.on('message', (response: WorkerResponse) => {
      const call = this.waiting.get(response.id);
      this.waiting.delete(response.id);
      if ('error' in response) call?.reject(errorOf(response));
      else call?.resolve(response.result);
    });
    this.worker.on('error', (error) => this.fail(runtimeError(error.message)));
    this.worker.on('exit', () => this.fail(runtimeError('its thread ended')));
    // An idle worker must not keep the process alive; a call in flight does (see `call`).
    this.worker.unref();
  }

  /**
   * @param rules of scoring its outputs, for {@link Session.rate}
   * @throws EngineError `runtime` when onnxruntime refuses the model
   */
  async load(model: Uint8Array, options: SessionOptions, rules?: RatingRules): Promise<Session> {
    const session = this.nextId++;
    const dataFolder = dataFolderOf(model);
    const where = dataFolder === undefined ? options : { ...options, dataFolder };
    const shapes = await this.call('load', { session, model, options: where, rules });
    return new Session(this, session, new Map(shapes));
  }

  call<K extends WorkerKind>(kind: K, params: WorkerCalls[K]['params']): Promise<WorkerCalls[K]['result']> {
    if (this.dead !== undefined) return Promise.reject(this.dead);
    const id = this.nextId++;
    this.worker.ref();
    return new Promise((resolve, reject) => {
      const settled = () => {
        if (this.waiting.size === 0) this.worker.unref();
      };
      this.waiting.set(id, {
        resolve: (result) => {
          settled();
          resolve(result as WorkerCalls[K]['result']);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      this.worker.postMessage({ id, kind, params });
    });
  }

  /** Ends the thread, after the call that it is at. */
  async terminate(): Promise<void> {
    const gone = once(this.worker, 'exit');
    this.worker.ref();
    // Not by force while it lives: onnxruntime aborts the whole process when its thread ends as it is being loaded.
    this.worker.postMessage(null);
    const patience = setTimeout(() => void this.worker.terminate(), PATIENCE_MS);
    if (this.dead === undefined) await gone;
    clearTimeout(patience);
  }

  private fail(error: EngineError): void {
    this.dead ??= error;
    for (const call of this.waiting.values()) call.reject(this.dead);
    this.waiting.clear();
  }
}

/** A model loaded in one worker. */
export class Session {
  constructor(
    private readonly worker: RuntimeWorker,
    private readonly session: number,
    /** As onnxruntime infers them; `?` where it cannot tell. */
    readonly outputShapes: ReadonlyMap<string, (number | string)[]>,
  ) {}

  /** Runs one sample, all its steps if it has several, whose answers are then along the first axis; `milliseconds` is the time inside onnxruntime. */
  run(
    feeds: Feeds,
    outputs: string[],
    sequence?: Sequence,
  ): Promise<{ outputs: Feeds; milliseconds: number }> {
    const { session } = this;
    return this.worker.call('run', { session, feeds, outputs, sequence, share: null });
  }

  /**
   * Runs once, and puts the outputs where all threads see them: sending them to another costs nothing.
   * @param old tensors from here that nobody reads any more: their memory is used again
   */
  runShared(
    feeds: Feeds,
    outputs: string[],
    old: Feeds = {},
  ): Promise<{ outputs: Feeds; milliseconds: number }> {
    const { session } = this;
    return this.worker.call('run', { session, feeds, outputs, sequence: undefined, share: { old } });
  }

  /**
   * Runs one sample and scores its outputs in the worker; they never leave it.
   * @param known outputs that are known without running
   * @throws EngineError `bad-data` when the outputs are not what the metric reads
   */
  rate(
    feeds: Feeds,
    outputs: string[],
    expected: Expected,
    { sequence, known = {} }: { sequence?: Sequence | undefined; known?: Feeds } = {},
  ): Promise<{ rating: Rating; milliseconds: number }> {
    const { session } = this;
    return this.worker.call('rate', { session, feeds, outputs, sequence, known, expected });
  }

  /** Runs sample number `sample` and counts the values of `tensors` in the worker; they never leave it. */
  async observe(feeds: Feeds, tensors: string[], sample: number, sequence?: Sequence): Promise<void> {
    await this.worker.call('observe', { session: this.session, feeds, tensors, sample, sequence });
  }

  /** What was counted so far, by tensor. */
  histograms(): Promise<Record<string, HistogramState>> {
    return this.worker.call('histograms', { session: this.session });
  }

  /** Writes what the session was profiled for. */
  async endProfiling(): Promise<void> {
    await this.worker.call('endProfiling', { session: this.session });
  }

  async release(): Promise<void> {
    await this.worker.call('release', { session: this.session });
  }
}

function errorOf({ error, data }: Extract<WorkerResponse, { error: string }>): EngineError {
  return data === null ? runtimeError(error) : new EngineError(data.code, data.message, data.hint);
}

function runtimeError(text: string): EngineError {
  const outOfMemory = /alloc|memory/i.test(text);
  return new EngineError(
    'runtime',
    `onnxruntime failed: ${text.replace(/\.+$/, '')}.`,
    outOfMemory
      ? 'Use fewer threads or smaller samples.'
      : 'Check that the model runs in onnxruntime by itself.',
  );
}
