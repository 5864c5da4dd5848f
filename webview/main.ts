import type { FromWebview, ToWebview } from '../engine/shared/protocol/webview';
import { createStore, initialState, restoreView, screenOf } from './state/store';
import './style.css';
import { mountAdvice } from './overview/adviceView';
import { mountBlamed } from './overview/blamedView';
import { mountLint } from './overview/lintView';
import { mountCompare } from './compare/compareView';
import { mountData } from './data/dataView';
import { mountDetail } from './detail/detailView';
import { add, type Host, type Update } from './ui/dom';
import { mountError } from './shell/errorView';
import { mountFixes } from './overview/fixesView';
import { mountGraph } from './graph/graphView';
import { mountHeader } from './shell/headerView';
import { mountJourney } from './overview/journeyView';
import { mountLayerList } from './layers/layerListView';
import { mountProgress } from './shell/progressView';
import { mountQuantized } from './overview/quantizedView';
import { mountResult } from './overview/resultView';
import { mountStale } from './shell/staleView';
import { mountStart } from './shell/startView';
import { mountTabs } from './shell/tabsView';
import { mountTiles } from './overview/tilesView';
import { mountTradeOff } from './tradeOff/tradeOffView';

declare function acquireVsCodeApi(): {
  postMessage(message: FromWebview): void;
  getState(): unknown;
  setState(state: unknown): void;
};

const api = acquireVsCodeApi();
const app = add(document.body, 'main', 'app');
const host: Host = {
  post: (message) => api.postMessage(message),
  dispatch: (action) => store.dispatch(action),
};

const loading = add(app, 'div', 'loading');
add(loading, 'p', 'muted', 'Reading the model…').setAttribute('role', 'status');
add(add(loading, 'div', 'bar unknown'), 'div', 'bar-fill');
const updates: Update[] = [
  (state) => {
    app.dataset['screen'] = screenOf(state);
    app.classList.toggle('starting', screenOf(state) === 'model' && state.view.tab === 'overview');
    loading.hidden = screenOf(state) !== 'loading';
  },
  mountHeader(app, host),
  mountError(app, host),
  mountStale(app, host),
  mountProgress(app, host),
  mountQuantized(app),
  mountData(app, host),
];
const tabs = mountTabs(app, host);
const overview = tabs.panelOf('overview');
const layers = tabs.panelOf('layers');
updates.push(
  tabs.update,
  mountStart(overview, host),
  mountTiles(overview, host),
  mountJourney(overview, host),
  mountFixes(overview, host),
  mountResult(overview),
);
const side = add(overview, 'div', 'overview-side');
updates.push(
  mountBlamed(side),
  mountAdvice(side, host),
  mountLint(side),
  mountLayerList(layers, host),
  mountDetail(layers, host),
  mountTradeOff(tabs.panelOf('tradeOff'), host),
  mountCompare(tabs.panelOf('compare'), host),
  mountGraph(tabs.panelOf('graph'), host),
);

// The extension sends the rest again after `ready`; only the user's settings of the view are stored.
const store = createStore(initialState(restoreView(api.getState())), (state) => {
  updates.forEach((update) => update(state));
  api.setState(state.view);
});
updates.forEach((update) => update(store.state));
window.addEventListener('message', (event: MessageEvent<ToWebview | null>) => {
  // Anything may be posted to a window.
  if (typeof event.data === 'object' && event.data !== null) store.dispatch(event.data);
});
api.postMessage({ type: 'ready' });
