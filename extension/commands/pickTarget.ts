import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { ModelSession } from '../session/modelSession';
import { targetChoices, type TargetChoice } from '../session/targetChoices';

/** Asks how near to float the int8 model has to be; `undefined` when the user chose nothing. */
export async function pickTarget(session: ModelSession, setting: number): Promise<TargetChoice | undefined> {
  const { report, data, keepFloat } = session;
  const metric = data?.metric ?? report?.float.metric ?? 'agreement';
  const kept = session.isOwnChoice ? (keepFloat?.length ?? 0) : null;
  return vscode.window.showQuickPick(targetChoices(metric, setting, session.target, kept), {
    title: `How near to float should int8 ${basename(session.uri.fsPath)} be?`,
    placeHolder: 'Layers stay in float until it is; remembered with the model',
  });
}
