import type * as vscode from 'vscode';
import type { EngineClient } from '../engine/engineClient';
import type { History } from './history';
import type { ModelSessions } from './modelSessions';

/** What every feature is given by `activate`. */
export interface Services {
  context: vscode.ExtensionContext;
  log: vscode.LogOutputChannel;
  engine: EngineClient;
  sessions: ModelSessions;
  history: History;
}

/** Of models shown as text. */
export const TEXT_SCHEME = 'quantscope-text';

/** Of the list of models in the side bar, as package.json declares it. */
export const MODELS_VIEW = 'quantscope.models';

/** Of the custom editor, as package.json declares it. */
export const VIEW_TYPE = 'quantscope.model';
