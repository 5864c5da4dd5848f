/**
 * Lines up columns with two spaces between them.
 * @param textColumns so many columns from the left hold text and start at their left edge; the rest hold numbers
 */
export function textTable(rows: readonly (readonly string[])[], textColumns: number): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  const fit = (cell: string, i: number) => {
    const width = widths[i] ?? 0;
    return i < textColumns ? cell.padEnd(width) : cell.padStart(width);
  };
  return rows.map((row) => row.map(fit).join('  ').trimEnd()).join('\n');
}
