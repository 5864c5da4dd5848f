import { causeTitles } from '../../engine/shared/findings';
import type { LayerRow } from './layerRows';
import { reachOf } from './layerOrder';
import { shortReason } from './layerState';

/** A table of plain values: numbers in the units that its head names, empty texts for what is not known. */
export interface PlainTable {
  head: string[];
  body: (string | number)[][];
}

const columns: [title: string, of: (row: LayerRow) => string | number | null | undefined][] = [
  ['#', ({ index }) => index + 1],
  ['Layer', ({ summary }) => summary.name],
  ['Operator', ({ summary }) => summary.opType],
  ['Weight', ({ summary }) => summary.weight],
  ['Weight shape', ({ summary }) => summary.weightShape?.join('×')],
  ['Weight bytes', ({ summary }) => (summary.weight === null ? null : summary.weightBytes)],
  ['Input reaches (× its clip)', ({ report }) => reachOf(report?.inputs[0])],
  ['Drop', ({ alone }) => alone?.drop],
  ['Standard error of the drop', ({ alone }) => alone?.standardError],
  ['SQNR at outputs (dB)', ({ alone }) => alone?.outputDb],
  ['SQNR (dB)', ({ sqnrDb }) => sqnrDb],
  ['Cause', ({ report }) => (report?.cause == null ? null : causeTitles[report.cause.kind])],
  ['Orthogonality', ({ report }) => report?.orthogonality],
  ['State', ({ state }) => state.choice],
  ['Why', ({ state }) => shortReason(state)],
];

/** The rows as they are shown, as a table for other programs. */
export function layerTable(rows: readonly LayerRow[]): PlainTable {
  return {
    head: columns.map(([title]) => title),
    body: rows.map((row) =>
      columns.map(([, of]) => {
        const value = of(row) ?? '';
        return typeof value === 'number' && !Number.isFinite(value) ? '' : value;
      }),
    ),
  };
}
