import { ascending } from 'd3-array';
import type { LayerReport, LayerSummary, MeasuredLayer, Report } from '../engine/protocol';
import { keptInFloat } from '../engine/keptInFloat';
import type { SortKey, State, ViewState } from './store';

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
  /** The user keeps it in float. */
  keep: boolean;
  /** The report advises to keep it in float. */
  advised: boolean;
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

/** Every layer of the model, in its own order. */
export function layerRows(state: State): LayerRow[] {
  const reports = new Map(state.report?.layers.map((layer) => [layer.name, layer]));
  const kept = keptLayers(state);
  const advised = new Set(state.report?.keepFloat);
  return (state.model?.layers ?? []).map((summary, index) => ({
    index,
    summary,
    report: reports.get(summary.name) ?? null,
    ...measuredOf(reports.get(summary.name), state.measured.get(summary.name)),
    keep: kept.has(summary.name),
    advised: advised.has(summary.name),
  }));
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

const collator = new Intl.Collator('en', { numeric: true });

/** `null` for what is not known yet. */
function sortValue(row: LayerRow, key: Exclude<SortKey, 'name'>): number | null {
  if (key === 'order') return row.index;
  if (key === 'sqnr') return row.sqnrDb;
  if (key === 'orthogonality') return row.report?.orthogonality ?? null;
  return (key === 'drop' ? row.alone?.drop : row.alone?.outputDb) ?? null;
}

/** Known values by size; what is not known comes last, the noisiest first, as it will be measured. */
function compareBy(a: LayerRow, b: LayerRow, key: Parameters<typeof sortValue>[1], sign: number): number {
  const [x, y] = [sortValue(a, key), sortValue(b, key)];
  if (x !== null && y !== null) return sign * ascending(x, y);
  if (x === null && y === null) return ascending(a.sqnrDb ?? Infinity, b.sqnrDb ?? Infinity);
  return x === null ? 1 : -1;
}

/** Whether the filter's text occurs in the layer's name, operator or weight, in any case. */
export function matchesFilter(layer: LayerSummary, filter: string): boolean {
  const needle = filter.trim().toLowerCase();
  return [layer.name, layer.opType, layer.weight ?? ''].some((text) => text.toLowerCase().includes(needle));
}

/** The rows that match the filter, in the order asked for; equal ones keep the model's order. */
export function arrangeRows(rows: readonly LayerRow[], view: ViewState): LayerRow[] {
  // Before an analysis there is nothing but names and the model's order to sort by.
  const measured = rows.some((row) => row.sqnrDb !== null) || view.sort.key === 'name';
  const { key, descending } = measured ? view.sort : { key: 'order' as const, descending: false };
  const sign = descending ? -1 : 1;
  return rows
    .filter(({ summary }) => matchesFilter(summary, view.filter))
    .sort(
      (a, b) =>
        (key === 'name'
          ? sign * collator.compare(a.summary.name, b.summary.name)
          : compareBy(a, b, key, sign)) || a.index - b.index,
    );
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
