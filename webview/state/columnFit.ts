/** What a column asks of the list's width, in pixels. */
export interface ColumnWidth {
  id: string;
  min: number;
  /** Its share of the width that is left over; 0 keeps it at `min`. */
  grow: number;
  /** The lower, the longer it stays when there is less width; 0 is never dropped. */
  rank: number;
}

/** Between columns; equal to the grid's gap in the style sheet. */
export const COLUMN_GAP = 10;

/**
 * The columns that have room, in their own order: the most important ones first, up to the first that finds none.
 * @param width in pixels, without the rows' padding
 */
export function fitColumns<C extends ColumnWidth>(columns: readonly C[], width: number): C[] {
  let left = width;
  let isFull = false;
  const fitting = new Set<C>();
  for (const column of [...columns].sort((a, b) => a.rank - b.rank)) {
    const needed = column.min + (fitting.size === 0 ? 0 : COLUMN_GAP);
    isFull ||= column.rank > 0 && needed > left;
    if (isFull) break;
    fitting.add(column);
    left -= needed;
  }
  return columns.filter((column) => fitting.has(column));
}

/** The columns as a value of `grid-template-columns`; only columns that may give way to others shrink. */
export function gridTemplate(columns: readonly ColumnWidth[]): string {
  return columns
    .map(({ min, grow, rank }) =>
      grow === 0 ? `${min}px` : `minmax(${rank === 0 ? 0 : min}px, ${min + grow}fr)`,
    )
    .join(' ');
}
