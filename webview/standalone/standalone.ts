import type { Report } from '../../engine/protocol';
import type { FromWebview, ToWebview } from '../protocol';
import './theme.css';

/** Stands for the editor in a report that is a file of its own: tells the view what the page holds. */
function messagesOf(report: Report): ToWebview[] {
  return [
    { type: 'model', summary: report.model },
    { type: 'report', report },
    { type: 'decided', choices: [] },
    { type: 'decidedOperators', choices: [] },
    { type: 'decidedNetwork', decision: {} },
    { type: 'decidedClips', clips: report.settings.recipe?.clips ?? [] },
  ];
}

function answer(message: FromWebview): void {
  if (message.type !== 'ready') return;
  const data = document.getElementById('quantscope-report')?.textContent ?? '';
  for (const one of messagesOf(JSON.parse(data) as Report)) window.postMessage(one, '*');
}

Object.assign(window, {
  acquireVsCodeApi: () => ({
    postMessage: answer,
    // A page that is opened again starts anew.
    getState: () => undefined,
    setState: () => undefined,
  }),
});
