import type { FromWebview, ToWebview } from './protocol';
import { createStore, initialState, restoreView, screenOf } from './store';
import './style.css';
import { mountAdvice } from './views/adviceView';
import { mountBlamed } from './views/blamedView';
import { mountLint } from './views/lintView';
import { mountCompare } from './views/compareView';
import { mountData } from './views/dataView';
import { mountDetail } from './views/detailView';
import { add, type Host, type Update } from './views/dom';
import { mountError } from './views/errorView';
import { mountFixes } from './views/fixesView';
import { mountGraph } from './views/graphView';
import { mountHeader } from './views/headerView';
import { mountJourney } from './views/journeyView';
import { mountLayerList } from './views/layerListView';
import { mountProgress } from './views/progressView';
import { mountQuantized } from './views/quantizedView';
import { mountResult } from './views/resultView';
import { mountStale } from './views/staleView';
import { mountStart } from './views/startView';
import { mountTabs } from './views/tabsView';
import { mountTiles } from './views/tilesView';
import { mountTradeOff } from './views/tradeOffView';

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
