import * as vscode from 'vscode';
import { registerAnalyze } from './analyzeCommand';
import { registerCancel } from './cancelCommand';
import { registerChooseData } from './chooseDataCommand';
import { registerCompare } from './compareCommand';
import { EngineClient } from './engineClient';
import { registerEngineStatus } from './engineStatus';
import { toErrorData } from './errorData';
import { registerExportReport } from './exportFiles';
import { History, type PastModel } from './history';
import { registerLayerCommands } from './layerCommands';
import { registerShowLog } from './logCommand';
import { registerModelEditor } from './modelEditor';
import { registerModelsView } from './modelsView';
import { ModelSessions } from './modelSessions';
import { registerNameHovers } from './nameHovers';
import { registerOpenModel } from './openModelCommand';
import { registerOpenAsText } from './openAsText';
import { registerRename } from './renameModels';
import { registerRestart } from './restartCommand';
import { registerTasks } from './taskCommand';
import { registerRecipes } from './recipeCommands';
import { registerPlan } from './planCommand';
import { registerQuantize } from './quantizeCommand';
import { reopenModels } from './reopenModels';
import type { ToWebview } from '../webview/protocol';
import type { Services } from './services';
import { readLimits } from './settings';
import { showFailure } from './showFailure';

const features = [
  registerShowLog,
  registerModelEditor,
  registerAnalyze,
  registerQuantize,
  registerPlan,
  registerChooseData,
  registerOpenAsText,
  registerCancel,
  registerEngineStatus,
  registerRestart,
  registerRename,
  registerModelsView,
  registerOpenModel,
  registerTasks,
  registerLayerCommands,
  registerNameHovers,
  registerRecipes,
  registerCompare,
  registerExportReport,
  reopenModels,
];
let engine: EngineClient | undefined;

/** For other extensions and for tests. */
export interface QuantscopeApi {
  /** What the views of an open model have been told last, one message of each type. */
  messagesFor(model: vscode.Uri): ToWebview[];
  /** The models that were analyzed in this workspace, as the side bar lists them. */
  pastModels(): PastModel[];
}

/**
 * Called by VS Code once: when a model or JSON with comments is opened, which a recipe is, a command is run, or the workspace holds a
 * model. It only registers; the engine starts with the first request.
 */
export function activate(context: vscode.ExtensionContext): QuantscopeApi {
  const log = vscode.window.createOutputChannel('Quantscope', { log: true });
  context.subscriptions.push(log);
  try {
    engine = new EngineClient(context.asAbsolutePath('dist/engine.js'), log, readLimits);
    const history = new History(context.workspaceState);
    const sessions = new ModelSessions(engine, context.workspaceState, log, history);
    context.subscriptions.push(engine, sessions, history);
    const services: Services = { context, log, engine, sessions, history };
    features.forEach((register) => register(services));
    return {
      messagesFor: (model) => sessions.find(model)?.snapshot() ?? [],
      pastModels: () => history.models(),
    };
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
