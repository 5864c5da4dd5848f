/**
 * The value below which a part of sorted values lies, between neighbours by their distance (Hyndman and Fan 1996, type 7); 0 of none.
 * @param part from 0 to 1
 */
export function quantileSorted(sorted: ArrayLike<number>, part: number): number {
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? 0;
  return below + (above - below) * (place - Math.floor(place));
}
