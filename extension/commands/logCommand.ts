import * as vscode from 'vscode';
import type { Services } from '../session/services';

/** `quantscope.showLog`: the only way the log comes to the front. */
export function registerShowLog({ context, log }: Services): void {
  context.subscriptions.push(vscode.commands.registerCommand('quantscope.showLog', () => log.show()));
}
