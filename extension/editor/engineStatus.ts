import { basename } from 'node:path';
import * as vscode from 'vscode';
import { describeProgress } from '../ui/describeProgress';
import type { EngineState } from '../engine/engineClient';
import type { ModelSession } from '../session/modelSession';
import type { Services } from '../session/services';
import { activeModel } from '../ui/targetModel';

const LOOKS: Record<EngineState, { text: string; tooltip: string; failed?: true }> = {
  starting: { text: '$(loading~spin) Quantscope', tooltip: 'The Quantscope engine is starting.' },
  running: { text: '$(pulse) Quantscope', tooltip: 'The Quantscope engine is ready.' },
  stopped: {
    text: '$(debug-disconnect) Quantscope',
    tooltip: 'The Quantscope engine stopped and starts again.',
  },
  failed: {
    text: '$(error) Quantscope',
    tooltip: 'The Quantscope engine does not run. The next command tries again.',
    failed: true,
  },
};

/**
 * The engine's health in the status bar, from its first start on, what it is at, and whether the model in front needs
 * another analysis: then a click begins it, and otherwise opens the log.
 */
export function registerEngineStatus({ context, engine, sessions }: Services): void {
  const item = vscode.window.createStatusBarItem('quantscope.engine', vscode.StatusBarAlignment.Right, 100);
  item.name = 'Quantscope';
  let state: EngineState | undefined;
  const draw = () => {
    if (state === undefined) return;
    const running = sessions.all().filter((session) => session.isRunning);
    const front = activeModel();
    const shown = front === undefined ? undefined : sessions.find(front);
    const isStale = shown !== undefined && shown.stale.length > 0 && running.length === 0;
    const look = LOOKS[state];
    item.backgroundColor =
      look.failed === true ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    item.command = 'quantscope.showLog';
    if (state === 'running' && running.length > 0) {
      item.text = `$(sync~spin) Quantscope${shareOf(running)}`;
      item.tooltip = `${running.map(describeRunning).join('\n')}\nClick for the log.`;
    } else if (state === 'running' && isStale && vscode.workspace.isTrusted) {
      item.text = '$(history) Quantscope: Analyze Again';
      item.tooltip = `${shown.stale.join('\n')}\nClick to analyze again.`;
      item.command = { command: 'quantscope.analyze', title: 'Analyze Again', arguments: [shown.uri] };
    } else {
      item.text = look.text;
      item.tooltip = `${look.tooltip} Click for the log.`;
    }
    item.show();
  };
  const listener = engine.onState((now) => {
    state = now;
    draw();
  });
  context.subscriptions.push(
    item,
    listener,
    sessions.onDidChangeRunning(draw),
    sessions.onDidChangeState(draw),
    vscode.window.tabGroups.onDidChangeTabs(draw),
  );
}

/** ` 42%` of the stage, where one model runs and its stage has an end. */
function shareOf([one, ...others]: ModelSession[]): string {
  const progress = one?.progress;
  if (others.length > 0 || progress === null || progress === undefined || progress.total < 2) return '';
  return ` ${Math.floor((100 * progress.done) / progress.total)}%`;
}

function describeRunning({ uri, progress }: ModelSession): string {
  return `${basename(uri.fsPath)}: ${progress === null ? 'starting' : describeProgress(progress)}`;
}
