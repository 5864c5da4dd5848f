/**
 * Index of the largest of `count` values from `start` on, the first one of equals; −1 when any is NaN or infinite.
 */
export function argmax(values: ArrayLike<number>, start: number, count: number): number {
  let best = 0;
  let largest = -Infinity;
  let zero = 0;
  for (let i = 0; i < count; i++) {
    const value = values[start + i] ?? NaN;
    // Stays 0 as long as all are finite, and costs less than to ask for each.
    zero += 0 * value;
    if (value > largest) {
      largest = value;
      best = i;
    }
  }
  return zero === 0 ? best : -1;
}
