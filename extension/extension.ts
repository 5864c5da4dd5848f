import * as vscode from 'vscode';
import { registerAnalyze } from './commands/analyzeCommand';
import { registerChooseData } from './commands/chooseDataCommand';
import { registerCompare } from './commands/compareCommand';
import { EngineClient } from './engine/engineClient';
import { registerEngineStatus } from './editor/engineStatus';
import { toErrorData } from './common/failure';
import { registerExportReport } from './commands/exportFiles';
import { History, type PastModel } from './session/history';
import { registerLayerCommands } from './commands/layerCommands';
import { registerModelEditor } from './editor/modelEditor';
import { registerModelsView } from './ui/modelsView';
import { ModelSessions } from './session/modelSessions';
import { registerNameHovers } from './editor/nameHovers';
import { registerOpenModel } from './commands/openModelCommand';
import { registerOpenAsText } from './commands/openAsText';
import { registerRename } from './editor/renameModels';
import { registerRestart, registerCancel, registerShowLog } from './commands/restartCommand';
import { registerTasks } from './commands/taskCommand';
import { registerRecipes } from './commands/recipeCommands';
import { registerPlan } from './commands/planCommand';
import { registerQuantize } from './commands/quantizeCommand';
import { reopenModels } from './editor/reopenModels';
import type { ToWebview } from '../engine/shared/protocol/webview';
import type { Services } from './session/services';
import { readLimits } from './common/settings';
import { showFailure } from './ui/showFailure';

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
