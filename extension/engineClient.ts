import * as vscode from 'vscode';
import type { LanguageClient, LanguageClientOptions } from 'vscode-languageclient/node';
import type { Notifications, Requests } from '../engine/protocol';
import { TEXT_SCHEME } from './services';

export type EngineState = 'stopped' | 'starting' | 'running' | 'failed';

/** Where layer names turn up: scripts, recipes, logs, code that loads the model. */
const HOVER_LANGUAGES = ['json', 'jsonc', 'yaml', 'python', 'plaintext', 'markdown', 'cpp'];
const MAX_CRASHES = 3;
const CRASH_WINDOW_MS = 60_000;

/**
 * The engine process, shared by all models of this window. It starts with the first request, and again after
 * a crash; callers of one moment share one start.
 */
export class EngineClient implements vscode.Disposable {
  private current: Promise<LanguageClient> | undefined;
  private crashes: number[] = [];
  private disposed = false;
  private readonly progress = new vscode.EventEmitter<Notifications['quantscope/progress']>();
  private readonly states = new vscode.EventEmitter<EngineState>();
  readonly onProgress = this.progress.event;
  private readonly measured = new vscode.EventEmitter<Notifications['quantscope/measured']>();
  readonly onMeasured = this.measured.event;
  readonly onState = this.states.event;

  constructor(
    private readonly module: string,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Rejects with a ResponseError whose `data` is ErrorData where the engine itself refused. */
  async request<M extends keyof Requests>(
    method: M,
    params: Requests[M]['params'],
    token?: vscode.CancellationToken,
  ): Promise<Requests[M]['result']> {
    const client = await this.start();
    // An `undefined` in the token's place would travel as a second parameter.
    return token === undefined
      ? client.sendRequest<Requests[M]['result']>(method, params)
      : client.sendRequest<Requests[M]['result']>(method, params, token);
  }

  /** Starts the process unless it runs or is starting. */
  start(): Promise<LanguageClient> {
    return (this.current ??= this.launch());
  }

  private async launch(): Promise<LanguageClient> {
    this.states.fire('starting');
    // Loading the client takes longer than all else that activation does, and only the engine needs it.
    const { LanguageClient, TransportKind, State } = await import('vscode-languageclient/node');
    const server = { module: this.module, transport: TransportKind.ipc };
    const client = new LanguageClient('quantscope', 'Quantscope', server, await this.options());
    client.onNotification('quantscope/progress', (params: Notifications['quantscope/progress']) =>
      this.progress.fire(params),
    );
    client.onNotification('quantscope/measured', (params: Notifications['quantscope/measured']) =>
      this.measured.fire(params),
    );
    try {
      await client.start();
    } catch (thrown) {
      this.current = undefined;
      this.states.fire('failed');
      throw thrown;
    }
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Stopped) this.crashed(client);
    });
    this.log.info('The engine runs.');
    this.states.fire('running');
    return client;
  }

  private async options(): Promise<LanguageClientOptions> {
    const { CloseAction, ErrorAction, RevealOutputChannelOn } = await import('vscode-languageclient/node');
    return {
      documentSelector: [
        ...HOVER_LANGUAGES.map((language) => ({ scheme: 'file', language })),
        { scheme: TEXT_SCHEME },
      ],
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        // A fresh client starts instead: this one's requests have all been rejected.
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
      },
    };
  }

  private crashed(client: LanguageClient): void {
    if (this.disposed) return;
    this.current = undefined;
    void client.dispose().catch((thrown: unknown) => this.log.debug(String(thrown)));
    const now = Date.now();
    this.crashes = [...this.crashes.filter((time) => now - time < CRASH_WINDOW_MS), now];
    const often = this.crashes.length >= MAX_CRASHES;
    this.log.error(
      `The engine stopped unexpectedly${often ? ' again: it starts with the next command.' : '.'}`,
    );
    this.states.fire(often ? 'failed' : 'stopped');
    // Hovers need it too, and nobody asks for those by a command.
    if (!often) void this.start().catch((thrown: unknown) => this.log.error(String(thrown)));
  }

  async stop(): Promise<void> {
    this.disposed = true;
    await (await this.current)?.stop();
  }

  dispose(): void {
    this.disposed = true;
    this.progress.dispose();
    this.measured.dispose();
    this.states.dispose();
  }
}
