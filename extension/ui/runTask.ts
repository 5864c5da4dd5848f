import { basename } from 'node:path';
import * as vscode from 'vscode';
import { formatDuration } from '../../engine/shared/format';
import { describeProgress } from './describeProgress';
import { isOutOfMemory } from '../engine/engineStopped';
import { toErrorData } from '../common/failure';
import type { ModelSession } from '../session/modelSession';
import { offerLess } from './offerLess';
import type { Services } from '../session/services';
import { showFailure } from './showFailure';
import { plainText } from './plainText';
import { showMessage } from './showMessage';

/** Whether nothing may run in this workspace; the user is told so. Checked before anything is asked of them. */
export function isRefused(session: ModelSession, title: string): boolean {
  if (vscode.workspace.isTrusted) return false;
  const error = {
    code: 'unsupported' as const,
    message: `${title} runs ${basename(session.uri.fsPath)}, and this workspace is not trusted.`,
    hint: 'Trust the workspace to go on.',
  };
  session.fail(error);
  void showFailure(error);
  return true;
}

/**
 * Runs a task that the user started, with a notification that shows its progress and cancels it.
 * `undefined` when it did not end well; the user has been told why by then.
 */
export async function runTask<T>(
  session: ModelSession,
  title: string,
  { sessions, log }: Services,
  task: (token: vscode.CancellationToken) => Promise<T>,
): Promise<T | undefined> {
  const name = basename(session.uri.fsPath);
  if (session.isRunning) {
    void showMessage('warning', `Quantscope is at work on ${name} already. Wait, or cancel that first.`);
    return undefined;
  }
  if (isRefused(session, title)) return undefined;
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: plainText(`${title} ${name}`),
    cancellable: true,
  };
  const began = Date.now();
  log.info(`${title} ${name}.`);
  try {
    const result = await vscode.window.withProgress(options, async (notification, cancelled) => {
      const listeners = [
        cancelled.onCancellationRequested(() => session.cancel()),
        session.onDidSend((message) => {
          if (message.type !== 'progress' || message.progress === null) return;
          notification.report({ message: plainText(describeProgress(message.progress)) });
        }),
      ];
      try {
        const running = session.run(task);
        await sessions.announceRunning();
        return await running;
      } finally {
        listeners.forEach((listener) => void listener.dispose());
      }
    });
    log.info(`${title} ${name}: done in ${formatDuration((Date.now() - began) / 1000)}.`);
    return result;
  } catch (thrown) {
    const error = toErrorData(thrown);
    if (error.code === 'cancelled') {
      log.info(`${title} ${name}: cancelled.`);
      session.tellCancelled(error);
      void vscode.window.setStatusBarMessage(`$(circle-slash) ${title} ${name}: cancelled`, 5000);
    } else {
      session.fail(error);
      void (isOutOfMemory(thrown, error) ? offerLess(error, session.uri) : showFailure(error));
    }
    return undefined;
  } finally {
    await sessions.announceRunning();
    sessions.release(session);
  }
}
