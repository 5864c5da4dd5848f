/** Steps of the power method: its error falls with the ratio of the two largest singular values to the fourth power of a step. */
const STEPS = 50;

/**
 * ‖W‖_F² / ‖W‖₂² of a matrix: along how many directions it acts, each weighed by its strength; from 1 to its rank. The largest
 * singular value comes from the power method, which errs towards less, and so the rank towards more.
 * @param values of [rows, columns], row-major
 * @returns 0 for a matrix of zeros
 */
export function stableRank(values: ArrayLike<number>, rows: number, columns: number): number {
  let power = 0;
  for (let k = 0; k < rows * columns; k++) power += values[k]! ** 2;
  if (power === 0) return 0;
  // No direction that a network is likely to avoid.
  let direction = Float64Array.from({ length: columns }, (_, c) => 1 + ((c * 0.618034) % 1));
  let largest = 0;
  for (let step = 0; step < STEPS; step++) {
    const norm = Math.sqrt(direction.reduce((sum, v) => sum + v * v, 0));
    if (norm === 0) break;
    const next = new Float64Array(columns);
    largest = 0;
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let c = 0; c < columns; c++) sum += values[r * columns + c]! * direction[c]!;
      sum /= norm;
      largest += sum * sum;
      for (let c = 0; c < columns; c++) next[c]! += sum * values[r * columns + c]!;
    }
    direction = next;
  }
  return largest === 0 ? Math.min(rows, columns) : power / largest;
}
