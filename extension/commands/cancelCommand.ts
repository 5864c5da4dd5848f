import * as vscode from 'vscode';
import type { Services } from '../session/services';
import { activeModel } from '../ui/targetModel';

/** `quantscope.cancel(model?)`: ends what runs on one model; without one, whatever runs. */
export function registerCancel({ context, sessions }: Services): void {
  const cancel = (argument: unknown) => {
    const uri = argument instanceof vscode.Uri ? argument : activeModel();
    const running = sessions.all().filter((session) => session.isRunning);
    const meant = running.filter((session) => session.uri.toString() === uri?.toString());
    (meant.length > 0 ? meant : running).forEach((session) => session.cancel());
  };
  context.subscriptions.push(vscode.commands.registerCommand('quantscope.cancel', cancel));
}
