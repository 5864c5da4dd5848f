/** Cosine of the angle between two lists of one length, by its definition. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const pairs = Array.from(a, (x, i) => [x, b[i] ?? NaN] as const);
  const product = pairs.reduce((sum, [x, y]) => sum + x * y, 0);
  const [first, second] = [0, 1].map((k) => pairs.reduce((sum, pair) => sum + (pair[k] ?? 0) ** 2, 0));
  if (first === 0 || second === 0) return first === second ? 1 : 0;
  return product / Math.sqrt(first ?? 0) / Math.sqrt(second ?? 0);
}
