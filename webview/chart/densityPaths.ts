/** Shades that squares are drawn in. */
export const SHADES = 5;

/**
 * Squares of a two-dimensional count as SVG path data, one path for each shade from the sparsest to the densest; shades are evenly
 * spaced on the logarithm of the counts, so that single values show beside thousands.
 * @param counts of bins × bins squares, row by row from the bottom
 * @param size of the whole in pixels
 */
export function densityPaths(counts: readonly number[], bins: number, size: number): string[] {
  const paths = new Array<string>(SHADES).fill('');
  const side = size / bins;
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  counts.forEach((count, i) => {
    if (count <= 0) return;
    const shade =
      most === 1 ? SHADES - 1 : Math.min(SHADES - 1, Math.floor((SHADES * Math.log(count)) / Math.log(most)));
    const [row, column] = [Math.floor(i / bins), i % bins];
    const [x, y] = [(column * side).toFixed(2), (size - (row + 1) * side).toFixed(2)];
    paths[shade] =
      `${paths[shade] ?? ''}M${x} ${y}h${side.toFixed(2)}v${side.toFixed(2)}h${(-side).toFixed(2)}Z`;
  });
  return paths;
}
