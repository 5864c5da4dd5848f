import * as vscode from 'vscode';
import type { Services } from '../session/services';
import { ENGINE_SETTINGS } from '../common/settings';
import { showFailure } from '../ui/showFailure';
import { toErrorData } from '../common/failure';

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
