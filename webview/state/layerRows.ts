import type { LayerReport, MeasuredLayer, Report } from '../../engine/shared/protocol/report';
import type { LayerSummary } from '../../engine/shared/protocol/model';
import { isFloatChoice, keptInFloat } from '../../engine/shared/floatLayers';
import { layerStates, type LayerState } from './layerState';
import type { State } from './state';

/** One line of the layer list. */
export interface LayerRow {
  /** Place in the model's own order, from 0. */
  index: number;
  summary: LayerSummary;
  report: LayerReport | null;
  /** Noise at its own output in dB, as soon as it is known. */
  sqnrDb: number | null;
  /** That noise is foretold from histograms, and not measured yet. */
  isForetold: boolean;
  /** What it costs alone in int8, as soon as that is known, on few samples at first. */
  alone: MeasuredLayer['alone'];
  /** What it is going to be. */
  state: LayerState;
}

/** The layers kept in float: as advised, but for what the user decided. */
export function keptLayers({ report, decided }: State): ReadonlySet<string> {
  return new Set(report === null ? [] : keptInFloat(report, decided));
}

export type Measured = 'advised' | 'int8' | 'unmeasured';

/** Which of the report's results holds for the layers that the user keeps in float, if any. */
export function measuredAs(report: Report, kept: ReadonlySet<string>): Measured {
  if (kept.size === report.keepFloat.length && report.keepFloat.every((name) => kept.has(name))) {
    return 'advised';
  }
  // Where operators between the layers are to blame, nobody will write a model with all of them in int8.
  return kept.size === 0 && report.blamed.length === 0 ? 'int8' : 'unmeasured';
}

/** Makes rows of a model's layers, by what is known of them. */
function rowMaker(state: State): (summary: LayerSummary, index: number) => LayerRow {
  const reports = new Map(state.report?.layers.map((layer) => [layer.name, layer]));
  const stateOf = layerStates(state);
  return (summary, index) => {
    const report = reports.get(summary.name);
    return {
      ...{ index, summary, report: report ?? null },
      ...measuredOf(report, state.measured.get(summary.name)),
      state: stateOf(summary),
    };
  };
}

/** Every layer of the model, in its own order. */
export function layerRows(state: State): LayerRow[] {
  return (state.model?.layers ?? []).map(rowMaker(state));
}

/** The row of one layer; `null` where the model has none of that name. */
export function layerRow(state: State, name: string): LayerRow | null {
  const index = state.model?.layers.findIndex((layer) => layer.name === name) ?? -1;
  const summary = state.model?.layers[index];
  return summary === undefined ? null : rowMaker(state)(summary, index);
}

/** Whether a row's layer is going to compute on floats, by decision or advice. */
export function isKeptInFloat({ state }: LayerRow): boolean {
  return isFloatChoice(state.choice ?? undefined);
}

/** Of a finished report; before there is one, of the analysis that runs. */
function measuredOf(
  report: LayerReport | undefined,
  measured: MeasuredLayer | undefined,
): Pick<LayerRow, 'sqnrDb' | 'isForetold' | 'alone'> {
  if (report !== undefined)
    return { sqnrDb: report.sqnrDb, isForetold: false, alone: { ...report, isSettled: true } };
  const { sqnrDb = null, isForetold = false, alone = null } = measured ?? {};
  return { sqnrDb, isForetold, alone };
}

/** The layer to show in detail: the chosen one, or the one that costs most. */
export function shownLayer(state: State): LayerReport | null {
  const layers = state.report?.layers ?? [];
  const chosen = layers.find((layer) => layer.name === state.view.selected);
  return (
    chosen ?? layers.reduce<LayerReport | null>((a, b) => (a !== null && a.drop >= b.drop ? a : b), null)
  );
}

/** Rows to draw for a scrolled list of rows of one height: from `first` up to, but not including, `last`. */
export function visibleRange(
  scrollTop: number,
  viewport: number,
  rowHeight: number,
  total: number,
): { first: number; last: number } {
  // Some rows beyond either edge, so that a fast scroll does not show gaps.
  const spare = 8;
  const first = Math.max(0, Math.min(total, Math.floor(scrollTop / rowHeight)) - spare);
  const last = Math.min(total, Math.ceil((scrollTop + viewport) / rowHeight) + spare);
  return { first, last: Math.max(first, last) };
}
