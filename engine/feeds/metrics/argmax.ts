/**
 * Index of the largest of `count` values from `start` on, the first one of equals; −1 when any is NaN or infinite.
 */
export function argmax(values: ArrayLike<number>, start: number, count: number): number {
  let best = 0;
  let largest = -Infinity;
  for (let i = 0; i < count; i++) {
    const value = values[start + i] ?? NaN;
    if (!Number.isFinite(value)) return -1;
    if (value > largest) {
      largest = value;
      best = i;
    }
  }
  return best;
}
