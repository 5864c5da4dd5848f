import * as vscode from 'vscode';
import type { EngineState } from './engineClient';
import type { Services } from './services';

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
const WORKING = { text: '$(sync~spin) Quantscope', tooltip: 'Quantscope is measuring.' };

/** The engine's health in the status bar, from its first start on; a click opens the log. */
export function registerEngineStatus({ context, engine, sessions }: Services): void {
  const item = vscode.window.createStatusBarItem('quantscope.engine', vscode.StatusBarAlignment.Right, 100);
  item.name = 'Quantscope';
  item.command = 'quantscope.showLog';
  let state: EngineState | undefined;
  const draw = () => {
    if (state === undefined) return;
    const look = state === 'running' && sessions.running > 0 ? WORKING : LOOKS[state];
    item.text = look.text;
    item.tooltip = `${look.tooltip} Click for the log.`;
    item.backgroundColor =
      'failed' in look ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    item.show();
  };
  const listener = engine.onState((now) => {
    state = now;
    draw();
  });
  context.subscriptions.push(item, listener, sessions.onDidChangeRunning(draw));
}
