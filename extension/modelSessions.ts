import * as vscode from 'vscode';
import type { EngineClient } from './engineClient';
import { ModelSession } from './modelSession';

/** The models that this window shows or works on, one session each. */
export class ModelSessions implements vscode.Disposable {
  private readonly byUri = new Map<string, ModelSession>();
  private readonly runningChanged = new vscode.EventEmitter<void>();
  private readonly listener: vscode.Disposable;
  readonly onDidChangeRunning = this.runningChanged.event;

  constructor(
    private readonly engine: EngineClient,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.listener = engine.onProgress(({ path, progress }) => {
      for (const session of this.byUri.values()) {
        if (session.uri.fsPath === path) session.setProgress(progress);
      }
    });
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
    return session;
  }

  /** Forgets a session that nothing shows and nothing works on. */
  release(session: ModelSession): void {
    if (session.panes > 0 || session.isRunning) return;
    this.byUri.delete(session.uri.toString());
    session.dispose();
  }

  /** Tells menus and the status bar that a task began or ended. */
  async announceRunning(): Promise<void> {
    this.runningChanged.fire();
    await vscode.commands.executeCommand('setContext', 'quantscope.running', this.running > 0);
  }

  dispose(): void {
    this.listener.dispose();
    this.all().forEach((session) => session.dispose());
    this.byUri.clear();
    this.runningChanged.dispose();
  }
}
