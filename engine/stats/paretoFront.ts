/**
 * Indices of the rows that no other one dominates: none is as small in every column and smaller in one. Of equal rows the first
 * stays. In the order of the rows.
 */
export function paretoFront(rows: readonly (readonly number[])[]): number[] {
  return rows.flatMap((row, i) => (rows.some((other, j) => dominates(other, row, j < i)) ? [] : [i]));
}

function dominates(a: readonly number[], b: readonly number[], isFirst: boolean): boolean {
  let smaller = false;
  for (let k = 0; k < b.length; k++) {
    if (a[k]! > b[k]!) return false;
    if (a[k]! < b[k]!) smaller = true;
  }
  return smaller || (isFirst && a.length === b.length && a !== b);
}
