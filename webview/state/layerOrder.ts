import { causeTitles } from '../../engine/shared/findings';
import { ownValue } from '../../engine/shared/ownValue';
import { matchesFacets, textFilter } from './layerFilter';
import type { LayerRow } from './layerRows';
import { kindOf } from './layerState';
import { type SortKey, type ViewState, stateKinds } from './state';

/** What the list is sorted by: numbers and names as they read, `null` for what is not known. */
export const sortValues = {
  order: ({ index }) => index,
  name: ({ summary }) => summary.name,
  operator: ({ summary }) => summary.opType,
  shape: ({ summary }) => summary.weightShape?.reduce((a, b) => a * b, 1) ?? null,
  bytes: ({ summary }) => (summary.weight === null ? null : summary.weightBytes),
  reach: ({ report }) => reachOf(report?.inputs[0]),
  drop: ({ alone }) => alone?.drop ?? null,
  output: ({ alone }) => alone?.outputDb ?? null,
  sqnr: ({ sqnrDb }) => sqnrDb,
  cause: ({ report }) => (report?.cause == null ? null : causeTitles[report.cause.kind]),
  orthogonality: ({ report }) => report?.orthogonality ?? null,
  state: ({ state }) => {
    const kind = kindOf(state);
    return kind === null ? null : stateKinds.indexOf(kind);
  },
} satisfies Record<SortKey, (row: LayerRow) => number | string | null>;

export const sortKeys = Object.keys(sortValues) as SortKey[];

/** Keys whose first click puts the largest on top: that is what matters of them. */
export const largestFirst: readonly SortKey[] = ['drop', 'orthogonality', 'bytes', 'shape', 'reach', 'state'];

/** How many times as far as its clip in use an input reaches; `null` where that is not known. */
export function reachOf(input: NonNullable<LayerRow['report']>['inputs'][number] | undefined): number | null {
  const clip = input === undefined ? undefined : ownValue(input.clips, input.method);
  if (input === undefined || clip === undefined || !(clip > 0)) return null;
  return Math.max(Math.abs(input.min), Math.abs(input.max)) / clip;
}

/** A text that compares as people order names: numbers in it as numbers. Ten times as fast as a collator. */
function ordered(text: string): string {
  return text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, '0'));
}

function compareValues(x: number | string, y: number | string): number {
  return x === y ? 0 : x < y ? -1 : 1;
}

/**
 * The rows in the order asked for. What is not known comes last either way, the noisiest first, as it will be measured;
 * equal ones keep the model's order.
 */
export function sortRows(rows: readonly LayerRow[], { key, descending }: ViewState['sort']): LayerRow[] {
  const valueOf: (row: LayerRow) => number | string | null = sortValues[key];
  const sign = descending ? -1 : 1;
  return rows
    .map((row) => {
      const value = valueOf(row);
      if (typeof value === 'string') return { row, value: ordered(value) };
      // JSON carries an infinite SQNR as null, and a drop may be no number.
      return { row, value: Number.isNaN(value) ? null : value };
    })
    .sort((a, b) => {
      if (a.value !== null && b.value !== null)
        return sign * compareValues(a.value, b.value) || a.row.index - b.row.index;
      if (a.value !== null) return -1;
      if (b.value !== null) return 1;
      const [x, y] = [a.row.sqnrDb ?? Infinity, b.row.sqnrDb ?? Infinity];
      return (x === y ? 0 : x - y) || a.row.index - b.row.index;
    })
    .map(({ row }) => row);
}

/** Tells of rows whether the view's filter and facets let them be listed. */
export function rowFilter({
  filter,
  facets,
}: Pick<ViewState, 'filter' | 'facets'>): (row: LayerRow) => boolean {
  const matches = textFilter(filter);
  return (row) => {
    const cause = row.report?.cause;
    return matches(row.summary, cause == null ? '' : causeTitles[cause.kind]) && matchesFacets(row, facets);
  };
}

/** The rows that are listed, in the order asked for. */
export function arrangeRows(rows: readonly LayerRow[], view: ViewState): LayerRow[] {
  return sortRows(rows.filter(rowFilter(view)), view.sort);
}

/**
 * The place of the row that typed letters go to: the next one whose name begins with them, else the next that holds them;
 * −1 where there is none. One letter typed again goes on to the next.
 */
export function findTyped(names: readonly string[], from: number, typed: string): number {
  const letters = typed.toLowerCase();
  const isOneLetter = letters === letters.slice(0, 1).repeat(letters.length);
  const needle = isOneLetter ? letters.slice(0, 1) : letters;
  const start = from + (isOneLetter ? 1 : 0);
  const around = names.map((_, i) => (Math.max(0, start) + i) % names.length);
  const find = (fits: (name: string) => boolean) => around.find((i) => fits(names[i]?.toLowerCase() ?? ''));
  return (
    find((name) => name.startsWith(needle)) ??
    // The last part of a path is what people call a layer.
    find((name) => /[^/.]*[/.]?$/.exec(name)?.[0].startsWith(needle) === true) ??
    find((name) => name.includes(needle)) ??
    -1
  );
}
