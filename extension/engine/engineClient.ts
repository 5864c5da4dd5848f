import * as vscode from 'vscode';
import type { LanguageClient, LanguageClientOptions } from 'vscode-languageclient/node';
import type { Notifications, Requests } from '../../engine/shared/protocol/requests';
import type { EngineLimits } from '../../engine/shared/protocol/settings';
import { EngineProcess, type EngineExit } from './engineProcess';
import { EngineStopped } from './engineStopped';
import { isConnectionLost } from '../common/failure';
import { hoverCommands, readHoverSettings } from '../common/hoverSettings';
import { TEXT_SCHEME } from '../common/contributionIds';

export type EngineState = 'stopped' | 'starting' | 'running' | 'failed';

const MAX_CRASHES = 3;
const CRASH_WINDOW_MS = 60_000;
/** How long an engine may take to end before it is ended by force: it may be in native code for long. */
const STOP_MS = 1000;

interface Running {
  client: LanguageClient;
  process: EngineProcess;
}

/**
 * The engine process, shared by all models of this window. It starts with the first request, and again after
 * a crash; callers of one moment share one start, and one restart.
 */
export class EngineClient implements vscode.Disposable {
  private current: Promise<Running> | undefined;
  private restarting: Promise<void> | undefined;
  private crashes: number[] = [];
  private disposed = false;
  private readonly progress = new vscode.EventEmitter<Notifications['quantscope/progress']>();
  private readonly states = new vscode.EventEmitter<EngineState>();
  readonly onProgress = this.progress.event;
  private readonly measured = new vscode.EventEmitter<Notifications['quantscope/measured']>();
  readonly onMeasured = this.measured.event;
  private readonly kept = new vscode.EventEmitter<Notifications['quantscope/kept']>();
  readonly onKept = this.kept.event;
  readonly onState = this.states.event;

  /** @param limits asked at each start */
  constructor(
    private readonly module: string,
    private readonly log: vscode.LogOutputChannel,
    private readonly limits: () => EngineLimits,
  ) {}

  /**
   * Rejects with a ResponseError whose `data` is ErrorData where the engine itself refused.
   * @throws EngineStopped when the engine ended before it answered
   */
  async request<M extends keyof Requests>(
    method: M,
    params: Requests[M]['params'],
    token?: vscode.CancellationToken,
  ): Promise<Requests[M]['result']> {
    const { client, process } = await this.running();
    try {
      // An `undefined` in the token's place would travel as a second parameter.
      return await (token === undefined
        ? client.sendRequest<Requests[M]['result']>(method, params)
        : client.sendRequest<Requests[M]['result']>(method, params, token));
    } catch (thrown) {
      if (!isConnectionLost(thrown)) throw thrown;
      throw new EngineStopped(await process.exited, null);
    }
  }

  /** Starts the process unless it runs or is starting. */
  async start(): Promise<void> {
    await this.running();
  }

  /** Whether a process runs or is starting. */
  get isStarted(): boolean {
    return this.current !== undefined;
  }

  /** Ends the process, whatever it is at, and starts a new one. */
  restart(): Promise<void> {
    return (this.restarting ??= this.replace().finally(() => (this.restarting = undefined)));
  }

  private async replace(): Promise<void> {
    const old = this.current;
    this.current = undefined;
    this.crashes = [];
    this.log.info('The engine is restarted.');
    this.states.fire('stopped');
    await this.end(await old?.catch(() => undefined));
    this.current = this.launch();
    await this.current;
  }

  private async running(): Promise<Running> {
    // What is asked during a restart is for the new engine.
    await this.restarting?.catch(() => undefined);
    return (this.current ??= this.launch());
  }

  private async launch(): Promise<Running> {
    this.states.fire('starting');
    const began = performance.now();
    // It starts while the client is loaded, which takes about as long.
    const process = new EngineProcess(this.module, (text) => this.log.info(text.trimEnd()));
    const { LanguageClient, State } = await import('./languageClient');
    const client = new LanguageClient(
      'quantscope',
      'Quantscope',
      () => process.transports(),
      await this.options(),
    );
    client.onNotification('quantscope/progress', (params: Notifications['quantscope/progress']) =>
      this.progress.fire(params),
    );
    client.onNotification('quantscope/measured', (params: Notifications['quantscope/measured']) =>
      this.measured.fire(params),
    );
    client.onNotification('quantscope/kept', (params: Notifications['quantscope/kept']) =>
      this.kept.fire(params),
    );
    try {
      await client.start();
    } catch (thrown) {
      process.kill();
      this.current = undefined;
      this.states.fire('failed');
      throw thrown;
    }
    const running = { client, process };
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Stopped) void this.crashed(running);
    });
    this.log.info(`The engine runs; it started in ${Math.round(performance.now() - began)} ms.`);
    this.states.fire('running');
    return running;
  }

  private async options(): Promise<LanguageClientOptions> {
    const { CloseAction, ErrorAction, RevealOutputChannelOn } = await import('./languageClient');
    return {
      documentSelector: [{ scheme: 'file', pattern: '**/*.quant.json' }, { scheme: TEXT_SCHEME }],
      initializationOptions: this.limits(),
      markdown: { isTrusted: { enabledCommands: hoverCommands } },
      middleware: {
        provideHover: (document, position, token, next) =>
          readHoverSettings(document.uri).enabled ? next(document, position, token) : undefined,
      },
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        // A fresh client starts instead: this one's requests have all been rejected.
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
      },
    };
  }

  private async crashed({ client, process }: Running): Promise<void> {
    const mine = await this.current?.catch(() => undefined);
    // One that was stopped on purpose is no longer the current one.
    if (this.disposed || mine?.process !== process) return;
    this.current = undefined;
    const exit: EngineExit = await process.exited;
    void client.dispose().catch((thrown: unknown) => this.log.debug(String(thrown)));
    const now = Date.now();
    this.crashes = [...this.crashes.filter((time) => now - time < CRASH_WINDOW_MS), now];
    const often = this.crashes.length >= MAX_CRASHES;
    const { message } = new EngineStopped(exit, null);
    this.log.error(often ? `${message} Again: it starts with the next command.` : message);
    this.states.fire(often ? 'failed' : 'stopped');
    // Hovers need it too, and nobody asks for those by a command.
    if (!often) void this.start().catch((thrown: unknown) => this.log.error(String(thrown)));
  }

  private async end(running: Running | undefined): Promise<void> {
    if (running === undefined) return;
    const late = setTimeout(() => running.process.kill(), STOP_MS);
    await running.client.stop(STOP_MS).catch((thrown: unknown) => {
      this.log.debug(String(thrown));
      running.process.kill();
    });
    await running.process.exited;
    clearTimeout(late);
  }

  async stop(): Promise<void> {
    this.disposed = true;
    await this.end(await this.current?.catch(() => undefined));
  }

  dispose(): void {
    this.disposed = true;
    this.progress.dispose();
    this.measured.dispose();
    this.kept.dispose();
    this.states.dispose();
  }
}
