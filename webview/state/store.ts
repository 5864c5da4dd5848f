import { causeTitles } from '../../engine/shared/findings';
import { ownValue } from '../../engine/shared/ownValue';
import type { CauseKind } from '../../engine/shared/protocol/report';
import { initialGraph, restoreGraph } from './graphState';
import { noFacets, restoreFacets } from './layerFilter';
import { largestFirst, rowFilter, sortKeys } from './layerOrder';
import { layerRow } from './layerRows';
import { tabs, type Action, type SortKey, type State, type ViewState } from './state';

export const initialView: ViewState = {
  tab: 'overview',
  selected: null,
  sort: { key: 'drop', descending: true },
  filter: '',
  facets: noFacets,
  showsFacets: false,
  hiddenColumns: ['orthogonality'],
  isGrouped: false,
  logCounts: true,
  magnitudes: false,
  range: 'all',
  weightsByRange: false,
  graph: initialGraph,
  showData: false,
};

/** What was asked about layers of one analysis says nothing of another. */
const noAnswers: Pick<State, 'trials' | 'weights' | 'scatters' | 'remedied'> = {
  trials: new Map(),
  weights: new Map(),
  scatters: new Map(),
  remedied: new Map(),
};

/** A view that has heard nothing yet. */
export function initialState(view: ViewState = initialView): State {
  return {
    model: null,
    data: null,
    dataState: null,
    measured: new Map(),
    report: null,
    stale: [],
    progress: null,
    decided: new Map(),
    decidedOperators: new Map(),
    decidedNetwork: {},
    decidedClips: null,
    ...noAnswers,
    compared: null,
    graph: null,
    quantized: null,
    tradeOff: null,
    error: null,
    view,
  };
}

/** What an earlier view stored, field by field; whatever is not understood becomes the default. */
export function restoreView(saved: unknown): ViewState {
  if (typeof saved !== 'object' || saved === null) return initialView;
  const field = (name: string): unknown => ownValue(saved as Record<string, unknown>, name);
  const [selected, filter, logCounts, range] = ['selected', 'filter', 'logCounts', 'range'].map(field);
  const hidden = field('hiddenColumns');
  const sort = (field('sort') ?? {}) as Record<string, unknown>;
  const key = sortKeys.find((known) => known === sort['key']);
  return {
    tab: tabs.find((known) => known === field('tab')) ?? initialView.tab,
    selected: typeof selected === 'string' ? selected : null,
    sort: key === undefined ? initialView.sort : { key, descending: sort['descending'] === true },
    filter: typeof filter === 'string' ? filter : '',
    facets: restoreFacets(field('facets'), Object.keys(causeTitles) as CauseKind[]),
    hiddenColumns: Array.isArray(hidden)
      ? hidden.filter((column) => typeof column === 'string')
      : initialView.hiddenColumns,
    showsFacets: field('showsFacets') === true,
    isGrouped: field('isGrouped') === true,
    logCounts: typeof logCounts === 'boolean' ? logCounts : initialView.logCounts,
    magnitudes: field('magnitudes') === true,
    range: range === 'clip' ? 'clip' : 'all',
    weightsByRange: field('weightsByRange') === true,
    graph: restoreGraph(field('graph')),
    showData: field('showData') === true,
  };
}

function sortBy(view: ViewState, key: SortKey): ViewState {
  // The first click shows what matters: the largest drop, the lowest SQNR, the first layer.
  const descending = view.sort.key === key ? !view.sort.descending : largestFirst.includes(key);
  return { ...view, sort: { key, descending } };
}

function selectLayer(state: State, name: string): ViewState {
  const { report, view } = state;
  const row = layerRow(state, name);
  // A layer chosen from elsewhere must not stay hidden in the list.
  const isHidden = row !== null && !rowFilter(view)(row);
  // The graph shows a layer too; what else is open does not.
  const tab = report === null || view.tab === 'graph' ? view.tab : 'layers';
  return { ...view, tab, selected: name, ...(isHidden ? { filter: '', facets: noFacets } : {}) };
}

/** The state after a message from the extension or an action of the user. */
export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'model': {
      const same = state.report?.model.hash === action.summary.hash;
      const changed = state.model !== null && state.model.hash !== action.summary.hash;
      return {
        ...state,
        model: action.summary,
        report: same ? state.report : null,
        measured: changed ? new Map() : state.measured,
        quantized: changed ? null : state.quantized,
        tradeOff: state.tradeOff?.model.hash === action.summary.hash ? state.tradeOff : null,
        graph: changed ? null : state.graph,
        ...(changed ? noAnswers : {}),
      };
    }
    case 'data':
      return { ...state, data: action.data };
    case 'dataState':
      return { ...state, dataState: action.state };
    case 'showData':
      // What is chosen for a first analysis stands on its page anyway, and would cover the result later.
      if (action.on && screenOf(state) !== 'report') return state;
      return { ...state, view: { ...state.view, showData: action.on } };
    case 'measured': {
      const before = action.layers.length === 0 ? [] : state.measured;
      return { ...state, measured: new Map([...before, ...action.layers.map((l) => [l.name, l] as const)]) };
    }
    case 'report':
      return {
        ...state,
        report: action.report,
        ...(action.report?.created === state.report?.created ? {} : noAnswers),
      };
    case 'stale':
      return { ...state, stale: action.reasons };
    case 'progress':
      // A command that runs has left the last one's failure behind.
      return { ...state, progress: action.progress, error: action.progress === null ? state.error : null };
    case 'decided':
      return { ...state, decided: new Map(action.choices) };
    case 'decidedOperators':
      return { ...state, decidedOperators: new Map(action.choices) };
    case 'decidedNetwork':
      return { ...state, decidedNetwork: action.decision };
    case 'decidedClips':
      return { ...state, decidedClips: new Map(action.clips) };
    case 'clipTrial':
      return { ...state, trials: new Map([...state.trials, [action.trial.tensor, action.trial]]) };
    case 'layerWeights':
      return { ...state, weights: new Map([...state.weights, [action.layer, action.answer]]) };
    case 'scatter':
      return { ...state, scatters: new Map([...state.scatters, [action.layer, action.answer]]) };
    case 'remediedInputs':
      return { ...state, remedied: new Map([...state.remedied, [action.layer, action.answer]]) };
    case 'compared':
      return {
        ...state,
        compared: { report: action.report, label: action.label },
      };
    case 'quantized':
      return { ...state, quantized: action.result };
    case 'tradeOff':
      return { ...state, tradeOff: action.tradeOff };
    case 'error':
      return { ...state, error: action.error };
    case 'select':
      return { ...state, view: selectLayer(state, action.layer) };
    case 'graph':
      return { ...state, graph: action.answer };
    case 'graphView':
      return { ...state, view: { ...state.view, graph: { ...state.view.graph, ...action.change } } };
    case 'tab':
      return { ...state, view: { ...state.view, tab: action.tab } };
    case 'sort':
      return { ...state, view: sortBy(state.view, action.key) };
    case 'filter':
      return { ...state, view: { ...state.view, filter: action.text } };
    case 'facets':
      return { ...state, view: { ...state.view, facets: { ...state.view.facets, ...action.facets } } };
    case 'showFacets': {
      const facets = action.on ? state.view.facets : noFacets;
      return { ...state, view: { ...state.view, showsFacets: action.on, facets } };
    }
    case 'hideColumn': {
      const others = state.view.hiddenColumns.filter((column) => column !== action.column);
      const hiddenColumns = action.on ? [...others, action.column] : others;
      return { ...state, view: { ...state.view, hiddenColumns } };
    }
    case 'group':
      return { ...state, view: { ...state.view, isGrouped: action.on } };
    case 'logCounts':
      return { ...state, view: { ...state.view, logCounts: action.on } };
    case 'magnitudes':
      return { ...state, view: { ...state.view, magnitudes: action.on } };
    case 'weightsByRange':
      return { ...state, view: { ...state.view, weightsByRange: action.on } };
    case 'range':
      return { ...state, view: { ...state.view, range: action.range } };
    default:
      // Other scripts may post messages to the same window.
      return state;
  }
}

export type Screen = 'loading' | 'failed' | 'model' | 'report';

/** Which of the four screens the state calls for. */
export function screenOf(state: State): Screen {
  if (state.model === null) return state.error === null ? 'loading' : 'failed';
  return state.report === null ? 'model' : 'report';
}

export interface Store {
  readonly state: State;
  dispatch(action: Action): void;
}

/** Holds the state and tells `listen` after every change. */
export function createStore(start: State, listen: (state: State) => void): Store {
  let state = start;
  return {
    get state() {
      return state;
    },
    dispatch(action) {
      const next = reduce(state, action);
      if (next === state) return;
      state = next;
      listen(state);
    },
  };
}
