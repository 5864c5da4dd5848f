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
