import * as vscode from 'vscode';
import { registerAnalyze } from './analyzeCommand';
import { registerCancel } from './cancelCommand';
import { registerChooseData } from './chooseDataCommand';
import { EngineClient } from './engineClient';
import { registerEngineStatus } from './engineStatus';
import { toErrorData } from './errorData';
import { registerShowLog } from './logCommand';
import { registerModelEditor } from './modelEditor';
import { ModelSessions } from './modelSessions';
import { registerOpenAsText } from './openAsText';
import { registerQuantize } from './quantizeCommand';
import { reopenModels } from './reopenModels';
import type { ToWebview } from '../webview/protocol';
import type { Services } from './services';
import { showFailure } from './showFailure';

const features = [
  registerShowLog,
  registerModelEditor,
  registerAnalyze,
  registerQuantize,
  registerChooseData,
  registerOpenAsText,
  registerCancel,
  registerEngineStatus,
  reopenModels,
];
let engine: EngineClient | undefined;

/** For other extensions and for tests. */
export interface QuantscopeApi {
  /** What the views of an open model have been told last, one message of each type. */
  messagesFor(model: vscode.Uri): ToWebview[];
}

/** Called by VS Code once, when a model is opened, a command is run, or the workspace holds a model. */
export function activate(context: vscode.ExtensionContext): QuantscopeApi {
  const log = vscode.window.createOutputChannel('Quantscope', { log: true });
  context.subscriptions.push(log);
  try {
    engine = new EngineClient(context.asAbsolutePath('dist/engine.js'), log);
    const sessions = new ModelSessions(engine, context.workspaceState, log);
    context.subscriptions.push(engine, sessions);
    const services: Services = { context, log, engine, sessions };
    features.forEach((register) => register(services));
    return { messagesFor: (model) => sessions.find(model)?.snapshot() ?? [] };
  } catch (thrown) {
    log.error(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
    void showFailure(toErrorData(thrown));
    throw thrown;
  }
}

/** Called by VS Code before the window closes: ends the engine process. */
export async function deactivate(): Promise<void> {
  await engine?.stop();
}
