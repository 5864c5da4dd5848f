/**
 * Where a key of a slider leads in a row of items: arrows by one, pages by a tenth, Home and End; `null` for other keys. May lie
 * outside of the row.
 */
export function stepTarget(key: string, current: number, count: number): number | null {
  const page = Math.max(1, Math.round(count / 10));
  const targets = new Map<string, number>([
    ['ArrowRight', current + 1],
    ['ArrowUp', current + 1],
    ['ArrowLeft', current - 1],
    ['ArrowDown', current - 1],
    ['PageUp', current + page],
    ['PageDown', current - page],
    ['Home', 0],
    ['End', count - 1],
  ]);
  return targets.get(key) ?? null;
}
