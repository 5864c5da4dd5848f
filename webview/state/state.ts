import type { LayerChoice, NetworkDecision, OperatorChoice } from '../../engine/shared/protocol/choices';
import type { DataSummary } from '../../engine/shared/protocol/data';
import type { ErrorData, Progress } from '../../engine/shared/protocol/error';
import type { LayerWeights, OutputScatter, RemediedInputs } from '../../engine/shared/protocol/layerDetail';
import type { ModelGraph, ModelSummary } from '../../engine/shared/protocol/model';
import type { OtherReport } from '../../engine/shared/protocol/page';
import type { TradeOff } from '../../engine/shared/protocol/plan';
import type { CauseKind, MeasuredLayer, QuantizeResult, Report } from '../../engine/shared/protocol/report';
import type { Answer, DataState, ToWebview, TriedClip } from '../../engine/shared/protocol/webview';
import type { GraphState } from './graphState';

export const tabs = ['overview', 'layers', 'graph', 'tradeOff', 'compare'] as const;

/** What of a model is shown. */
export type Tab = (typeof tabs)[number];

/** How much of a histogram is drawn: every value, or the neighbourhood of the clip in use. */
export type HistogramRange = 'all' | 'clip';

/** What the user has set in the view itself; survives hiding and reloading. */
export interface ViewState {
  tab: Tab;
  selected: string | null;
  sort: { key: SortKey; descending: boolean };
  filter: string;
  facets: Facets;
  /** Whether the bar of facets is open. */
  showsFacets: boolean;
  /** Columns of the list that the user does not want. */
  hiddenColumns: readonly string[];
  /** Whether the list gathers layers by the block that their names tell. */
  isGrouped: boolean;
  logCounts: boolean;
  /** Whether histograms are those of |x|. */
  magnitudes: boolean;
  range: HistogramRange;
  /** Whether boxes of weights stand in the order of how far they reach. */
  weightsByRange: boolean;
  graph: GraphState;
  /** Whether the data is shown beside a report. */
  showData: boolean;
}

/** The last message of each type, and the user's own settings of the view. */
export interface State {
  model: ModelSummary | null;
  data: DataSummary | null;
  dataState: DataState | null;
  /** What an analysis that has not ended has measured so far, by layer. */
  measured: ReadonlyMap<string, MeasuredLayer>;
  report: Report | null;
  /** What changed since the report was made, in sentences. */
  stale: readonly string[];
  progress: Progress | null;
  /** What the user decided, by layer. */
  decided: ReadonlyMap<string, LayerChoice>;
  /** The same of operators between the layers, by name. */
  decidedOperators: ReadonlyMap<string, OperatorChoice>;
  /** The same of the whole network. */
  decidedNetwork: NetworkDecision;
  /** The same of clips, by tensor; `null` while only the report tells. */
  decidedClips: ReadonlyMap<string, number> | null;
  /** The clip that was tried last, by tensor. */
  trials: ReadonlyMap<string, TriedClip>;
  /** By layer, what was asked for. */
  weights: ReadonlyMap<string, Answer<LayerWeights>>;
  scatters: ReadonlyMap<string, Answer<OutputScatter>>;
  remedied: ReadonlyMap<string, Answer<RemediedInputs>>;
  compared: OtherReport | null;
  /** The network to draw; `null` before it was asked for. */
  graph: Answer<ModelGraph> | null;
  quantized: QuantizeResult | null;
  /** The last plan of this model. */
  tradeOff: TradeOff | null;
  error: ErrorData | null;
  view: ViewState;
}

export type Action =
  | ToWebview
  | { type: 'tab'; tab: Tab }
  | { type: 'graphView'; change: Partial<GraphState> }
  | { type: 'sort'; key: SortKey }
  | { type: 'filter'; text: string }
  | { type: 'facets'; facets: Partial<Facets> }
  | { type: 'showFacets'; on: boolean }
  | { type: 'hideColumn'; column: string; on: boolean }
  | { type: 'group'; on: boolean }
  | { type: 'logCounts'; on: boolean }
  | { type: 'magnitudes'; on: boolean }
  | { type: 'weightsByRange'; on: boolean }
  | { type: 'range'; range: HistogramRange };

/** What rows have to be like to be listed, besides holding the filter's text; `null` and `false` ask for nothing. */
export interface Facets {
  state: StateKind | null;
  operator: string | null;
  cause: CauseKind | null;
  /** The drop is more than chance would make of these samples. */
  aboveNoise: boolean;
  /** The user decided what it is. */
  decided: boolean;
}

export type SortKey =
  | 'order'
  | 'name'
  | 'operator'
  | 'shape'
  | 'bytes'
  | 'reach'
  | 'drop'
  | 'output'
  | 'sqnr'
  | 'cause'
  | 'orthogonality'
  | 'state';

/** States by which the list is filtered. */
export const stateKinds = ['int8', 'falls-back', 'float', 'other'] as const;

export type StateKind = (typeof stateKinds)[number];
