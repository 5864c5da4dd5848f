import * as vscode from 'vscode';
import { toErrorData } from '../common/failure';
import { ENGINE_SETTINGS } from '../common/settings';
import type { Services } from '../session/services';
import { showFailure } from '../ui/showFailure';
import { activeModel } from '../ui/targetModel';

/** `quantscope.restartEngine()`: ends what runs, and the engine with it; also restarts it when its limits were set anew. */
export function registerRestart({ context, engine, sessions, log }: Services): void {
  const restart = async () => {
    sessions.all().forEach((session) => session.cancel());
    try {
      await engine.restart();
    } catch (thrown) {
      const error = toErrorData(thrown);
      log.error(error.message);
      void showFailure(error);
    }
  };
  let isDue = false;
  const restartWhenIdle = () => {
    if (!isDue || sessions.running > 0) return;
    isDue = false;
    void restart();
  };
  context.subscriptions.push(
    vscode.commands.registerCommand('quantscope.restartEngine', restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (!ENGINE_SETTINGS.some((name) => change.affectsConfiguration(`quantscope.${name}`))) return;
      isDue = engine.isStarted;
      restartWhenIdle();
    }),
    sessions.onDidChangeRunning(restartWhenIdle),
  );
}

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

/** `quantscope.showLog`: the only way the log comes to the front. */
export function registerShowLog({ context, log }: Services): void {
  context.subscriptions.push(vscode.commands.registerCommand('quantscope.showLog', () => log.show()));
}
