import type { PageContents } from '../../engine/shared/protocol/page';
import type { FromWebview, ToWebview } from '../../engine/shared/protocol/webview';
import './theme.css';

/** Stands for the editor in a report that is a file of its own: tells the view all that the page holds. */
function messagesOf({ report, parts, tradeOff, compared }: PageContents): ToWebview[] {
  const messages: ToWebview[] = [
    { type: 'model', summary: report.model },
    { type: 'report', report },
    { type: 'decided', choices: [] },
    { type: 'decidedOperators', choices: [] },
    { type: 'decidedNetwork', decision: {} },
    { type: 'decidedClips', clips: report.settings.recipe?.clips ?? [] },
  ];
  if (tradeOff !== null) messages.push({ type: 'tradeOff', tradeOff });
  if (compared !== null) messages.push({ type: 'compared', ...compared });
  if (parts === null) return messages;
  const { graph, weights, scatters } = parts;
  messages.push({
    type: 'graph',
    answer: 'nodes' in graph ? { kind: 'done', result: graph } : { kind: 'failed', error: graph },
  });
  for (const result of weights)
    messages.push({ type: 'layerWeights', layer: result.layer, answer: { kind: 'done', result } });
  for (const result of scatters)
    messages.push({ type: 'scatter', layer: result.layer, answer: { kind: 'done', result } });
  return messages;
}

function answer(message: FromWebview): void {
  if (message.type !== 'ready') return;
  const contents = document.getElementById('quantscope-contents')?.textContent ?? '';
  for (const one of messagesOf(JSON.parse(contents) as PageContents)) window.postMessage(one, '*');
}

Object.assign(window, {
  acquireVsCodeApi: () => ({
    postMessage: answer,
    // A page that is opened again starts anew.
    getState: () => undefined,
    setState: () => undefined,
  }),
});
