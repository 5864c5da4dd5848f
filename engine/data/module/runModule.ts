import { basename, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EngineError } from '../../shared/engineError';
import { beginCall } from '../../common/runningCalls';
import { badData } from '../samples/badData';
import type { InputSpec } from '../samples/dataset';
import type { ModuleAbout, ModuleRequest, ModuleResponse, ModuleStart } from './moduleProtocol';

/** Folder of the built files; set when the program is built. */
declare const QUANTSCOPE_DIST: string;

/** How long a module may take to load, or for one sample. */
const PATIENCE_MS = 5 * 60_000;
/** A thread that has not been asked for so long is ended; the next question starts it anew. */
const IDLE_MS = 5000;
/** Of JavaScript's own memory; arrays of numbers lie outside of it. */
const MOST_HEAP_MB = 4096;

const HINT = 'docs/data.md shows a module that yields feeds.';

interface Waiting {
  resolve: (response: ModuleResponse) => void;
  reject: (error: EngineError) => void;
  patience: NodeJS.Timeout;
  over: () => void;
}

/** A user's module in a thread of its own. Only for people who trust the module: it may do whatever Node can. */
export class RunModule {
  private readonly name: string;
  private thread: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private idle: NodeJS.Timeout | undefined;
  private nextId = 1;

  constructor(
    private readonly path: string,
    private readonly inputs: readonly InputSpec[],
  ) {
    this.name = basename(path);
  }

  /** @throws EngineError `bad-data` for a module that cannot be loaded, or is none of feeds */
  async about(): Promise<ModuleAbout> {
    return (await this.ask('about', `${this.name} cannot be used`))?.value as ModuleAbout;
  }

  /** The next sample of a stream, as the module made it; `undefined` after the last one. */
  next(index: number): Promise<{ value: unknown } | undefined> {
    return this.ask('next', `${this.name}: sample ${index}`);
  }

  /** A sample by number. The thread is ended when no more are asked for. */
  async load(index: number): Promise<unknown> {
    clearTimeout(this.idle);
    const found = await this.ask(index, `${this.name}: sample ${index}`);
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.end(badData(`${this.name} was idle.`, HINT)), IDLE_MS).unref();
    return found?.value;
  }

  /** Ends the thread at once, whatever it is at; what is still asked for fails with `reason`. */
  end(reason: EngineError): void {
    const { thread } = this;
    this.thread = undefined;
    this.fail(reason);
    // It may be in a loop without end, so nothing waits for it.
    void thread?.terminate();
  }

  private async ask(ask: ModuleRequest['ask'], what: string): Promise<{ value: unknown } | undefined> {
    const thread = (this.thread ??= this.start());
    const id = this.nextId++;
    thread.ref();
    const response = await new Promise<ModuleResponse>((resolve, reject) => {
      const minutes = PATIENCE_MS / 60_000;
      const late = badData(`${what} took more than ${minutes} minutes, so it was given up.`, HINT);
      const patience = setTimeout(() => this.end(late), PATIENCE_MS).unref();
      this.waiting.set(id, { resolve, reject, patience, over: beginCall() });
      thread.postMessage({ id, ask } satisfies ModuleRequest);
    });
    if (response.kind === 'error') throw badData(`${what}: ${response.text.replace(/\.+$/, '')}.`, HINT);
    return response.kind === 'done' ? undefined : { value: response.value };
  }

  private start(): Worker {
    const workerData: ModuleStart = { path: this.path, inputs: this.inputs };
    const thread = new Worker(join(QUANTSCOPE_DIST, 'feedsModule.js'), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
      stdout: true,
    });
    // Standard output is for results.
    thread.stdout.pipe(process.stderr, { end: false });
    thread.on('message', (response: ModuleResponse) => {
      this.settle(response.id)?.resolve(response);
      if (this.waiting.size === 0) thread.unref();
    });
    const gone = (why: string) => {
      if (this.thread !== thread) return;
      this.thread = undefined;
      this.fail(badData(`${this.name} ${why}.`, HINT));
    };
    thread.on('error', (error) => gone(`failed: ${error.message.replace(/\.+$/, '')}`));
    thread.on('exit', () => gone('ended its thread'));
    return thread;
  }

  private settle(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    clearTimeout(waiting?.patience);
    waiting?.over();
    return waiting;
  }

  private fail(reason: EngineError): void {
    for (const id of [...this.waiting.keys()]) this.settle(id)?.reject(reason);
  }
}
