/** Levenshtein distance: the fewest insertions, deletions and replacements that turn one list into the other. */
export function editDistance(from: readonly string[], to: readonly string[]): number {
  // distances[j]: from the items of `from` seen so far to the first j of `to`.
  let distances = Array.from({ length: to.length + 1 }, (_, j) => j);
  from.forEach((item, i) => {
    const next = [i + 1];
    to.forEach((other, j) => {
      const replaced = (distances[j] ?? 0) + (item === other ? 0 : 1);
      next.push(Math.min(replaced, (distances[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    });
    distances = next;
  });
  return distances[to.length] ?? 0;
}
