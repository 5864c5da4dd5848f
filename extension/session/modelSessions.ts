import * as vscode from 'vscode';
import { AnalysisProblems } from './analysisProblems';
import type { EngineClient } from '../engine/engineClient';
import type { History } from './history';
import type { ToWebview } from '../../engine/shared/protocol/webview';
import { ModelSession } from './modelSession';

/** The models that this window shows or works on, one session each. */
export class ModelSessions implements vscode.Disposable {
  private readonly byUri = new Map<string, ModelSession>();
  private readonly problems: AnalysisProblems;
  private readonly runningChanged = new vscode.EventEmitter<void>();
  private readonly listeners: vscode.Disposable[];
  readonly onDidChangeRunning = this.runningChanged.event;
  private readonly stateChanged = new vscode.EventEmitter<void>();
  /** Of a model's progress, or of whether its report is stale. */
  readonly onDidChangeState = this.stateChanged.event;

  constructor(
    private readonly engine: EngineClient,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
    private readonly history: History,
  ) {
    const at = (path: string) => this.all().filter(({ uri }) => uri.scheme === 'file' && uri.fsPath === path);
    this.problems = new AnalysisProblems(({ fsPath: path }, data) =>
      engine.request('quantscope/stamp', { path, data }),
    );
    this.listeners = [
      engine.onProgress(({ path, progress }) => at(path).forEach((session) => session.setProgress(progress))),
      engine.onMeasured(({ path, layers }) => at(path).forEach((session) => session.addMeasured(layers))),
      engine.onKept(({ path }) => at(path).forEach((session) => void session.takeIn())),
    ];
  }

  get running(): number {
    return this.all().filter((session) => session.isRunning).length;
  }

  all(): ModelSession[] {
    return [...this.byUri.values()];
  }

  find(uri: vscode.Uri): ModelSession | undefined {
    return this.byUri.get(uri.toString());
  }

  /** The model's session, from now on. */
  get(uri: vscode.Uri): ModelSession {
    const known = this.find(uri);
    if (known !== undefined) return known;
    const session = new ModelSession(uri, this.engine, this.memory, this.log);
    this.byUri.set(uri.toString(), session);
    session.onDidSend((message) => this.note(uri, message));
    return session;
  }

  private note(uri: vscode.Uri, message: ToWebview): void {
    this.problems.heed(uri, message);
    const keep =
      message.type === 'report' && message.report !== null
        ? this.history.addReport(uri, message.report)
        : message.type === 'quantized'
          ? this.history.addResult(uri, message.result)
          : undefined;
    keep?.catch((thrown: unknown) => this.log.error(String(thrown)));
    if (message.type === 'progress' || message.type === 'stale') this.stateChanged.fire();
  }

  /** Forgets a session that nothing shows and nothing works on. */
  release(session: ModelSession): void {
    if (session.panes > 0 || session.isRunning) return;
    this.byUri.delete(session.uri.toString());
    this.problems.forget(session.uri);
    session.dispose();
  }

  /** Tells menus and the status bar that a task began or ended. */
  async announceRunning(): Promise<void> {
    this.runningChanged.fire();
    await vscode.commands.executeCommand('setContext', 'quantscope.running', this.running > 0);
  }

  dispose(): void {
    for (const listener of this.listeners) listener.dispose();
    this.all().forEach((session) => session.dispose());
    this.byUri.clear();
    this.problems.dispose();
    this.runningChanged.dispose();
    this.stateChanged.dispose();
  }
}
