export interface LabelAnchor {
  /** Where the label's line stands, in pixels; the label begins there and runs to the right. */
  x: number;
  /** Width of the text with its padding, in pixels. */
  width: number;
}

/**
 * A row for every label, 0 being the one nearest the plot, so that no two labels overlap and no line,
 * drawn from the plot up to its own label, crosses another label.
 *
 * Of labels that would overlap, the one further left goes higher: its line passes left of those below it.
 */
export function placeLabels(anchors: readonly LabelAnchor[]): number[] {
  const rows = new Array<number>(anchors.length).fill(0);
  const fromRight = anchors.map((anchor, index) => ({ ...anchor, index })).sort((a, b) => b.x - a.x);
  fromRight.forEach((label, i) => {
    const covered = fromRight.slice(0, i).filter((other) => other.x < label.x + label.width);
    rows[label.index] = Math.max(0, ...covered.map((other) => (rows[other.index] ?? 0) + 1));
  });
  return rows;
}
