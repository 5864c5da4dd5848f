import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EngineError } from '../shared/engineError';
import { formatBytes } from '../shared/format';
import { dataFolderOf } from '../onnx/tensors/externalData';
import { beginCall } from '../common/runningCalls';
import { disableTelemetry } from './disableTelemetry';
import type { Expected, Rating, RatingRules } from '../data/metrics/rater';
import { withOwnNames } from './plainModel';
import type {
  Feeds,
  SessionOptions,
  WorkerCalls,
  WorkerKind,
  WorkerResponse,
  Sequence,
} from './workerProtocol';
import type { HistogramState } from '../stats/histogram';

/** Folder of the built files; set when the program is built. */
declare const QUANTSCOPE_DIST: string;

// Once for the whole process, before any thread of it can load the library: a user's module may, too.
disableTelemetry();

/** How long a thread may take to end by itself; a run of a large model is waited for, one without end is not. */
const PATIENCE_MS = 10_000;

/** The way out where memory runs short. */
const FEWER = 'Use fewer threads or smaller samples.';
const RUNS_ON = 'Linux or Windows (x64, arm64), or a Mac with Apple silicon';

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

/** One thread with its own onnxruntime, from the first call on. Calls are carried out in the order they were made. */
export class RuntimeWorker {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private ended = false;

  private start(): Worker {
    const worker = new Worker(join(QUANTSCOPE_DIST, 'worker.js'));
    worker.on('message', (response: WorkerResponse) => {
      const call = this.waiting.get(response.id);
      this.waiting.delete(response.id);
      if ('error' in response) call?.reject(errorOf(response));
      else call?.resolve(response.result);
    });
    // The next call begins a new thread.
    const fail = (error: EngineError) => {
      if (this.worker !== worker) return;
      this.worker = undefined;
      this.fail(error);
    };
    worker.on('error', (error) => fail(runtimeError(error.message)));
    worker.on('exit', () => fail(runtimeError('its thread ended')));
    return worker;
  }

  /**
   * @param rules of scoring its outputs, for {@link Session.rate}
   * @throws EngineError `runtime` when onnxruntime refuses the model
   */
  async load(model: Uint8Array, options: SessionOptions, rules?: RatingRules): Promise<Session> {
    const session = this.nextId++;
    const dataFolder = dataFolderOf(model);
    const where = dataFolder === undefined ? options : { ...options, dataFolder };
    const { shapes, names } = await this.call('load', { session, model, options: where, rules });
    return new Session(this, session, new Map(shapes), names);
  }

  call<K extends WorkerKind>(kind: K, params: WorkerCalls[K]['params']): Promise<WorkerCalls[K]['result']> {
    if (this.ended) return Promise.reject(runtimeError('its thread ended'));
    const id = this.nextId++;
    const over = beginCall();
    const worker = (this.worker ??= this.start());
    // A call in flight keeps the process alive; an idle worker must not.
    worker.ref();
    return new Promise((resolve, reject) => {
      const settled = () => {
        over();
        if (this.waiting.size === 0) worker.unref();
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
      worker.postMessage({ id, kind, params });
    });
  }

  /** Ends the thread after the call that it is at; one that is at it for long is left to the end of the process. */
  async terminate(): Promise<void> {
    const { worker } = this;
    this.ended = true;
    if (worker === undefined) return;
    const gone = once(worker, 'exit');
    worker.ref();
    // Not by force: onnxruntime aborts the whole process when its thread ends as it is being loaded, or after a run.
    worker.postMessage(null);
    let patience: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (patience = setTimeout(resolve, PATIENCE_MS)));
    await Promise.race([gone, late]);
    clearTimeout(patience);
    worker.unref();
  }

  private fail(error: EngineError): void {
    const calls = [...this.waiting.values()];
    this.waiting.clear();
    for (const call of calls) call.reject(error);
  }
}

/** A model loaded in one worker. */
export class Session {
  constructor(
    private readonly worker: RuntimeWorker,
    private readonly session: number,
    /** As onnxruntime infers them; `?` where it cannot tell. */
    readonly outputShapes: ReadonlyMap<string, (number | string)[]>,
    private readonly names: readonly string[] | null,
  ) {}

  /** A name in what onnxruntime wrote of this session, its profile or its optimized graph, with the model's own names in it. */
  ownName(name: string): string {
    return withOwnNames(name, this.names);
  }

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

/** What is wrong where onnxruntime comes without native code for this machine. */
function missingBinary(): EngineError {
  return new EngineError(
    'unsupported',
    `onnxruntime has no binary for ${process.platform}-${process.arch}: models can be looked at here, and not run.`,
    `Run them on ${RUNS_ON}; what is measured there can be read here.`,
  );
}

function runtimeError(text: string): EngineError {
  if (/Cannot find module .*onnxruntime_binding/.test(text)) return missingBinary();
  const wanted = /requested buffer of size (\d+)/.exec(text)?.[1];
  if (wanted !== undefined)
    return new EngineError(
      'runtime',
      `There is no memory for a tensor of ${formatBytes(Number(wanted))}.`,
      FEWER,
    );
  const outOfMemory = /alloc|memory/i.test(text);
  return new EngineError(
    'runtime',
    `onnxruntime failed: ${text.replace(/\.+$/, '')}.`,
    outOfMemory ? FEWER : 'Check that the model runs in onnxruntime by itself.',
  );
}
