/** A part of an axis, in its units. */
export type AxisRange = readonly [low: number, high: number];

/**
 * The part of an axis that is seen after a step of zooming around a point that keeps its place.
 * @param factor above 1 to see less
 * @returns `null` where that is everything
 */
export function zoomRange(
  [low, high]: AxisRange,
  around: number,
  factor: number,
  whole: AxisRange,
  least: number,
): AxisRange | null {
  const width = Math.max(least, (high - low) / factor);
  const share = high > low ? (around - low) / (high - low) : 0.5;
  return withinWhole([around - share * width, around + (1 - share) * width], whole);
}

/** The same range moved and cut to lie within the whole; `null` where it is the whole. */
export function withinWhole([low, high]: AxisRange, [from, to]: AxisRange): AxisRange | null {
  const width = Math.min(high - low, to - from);
  if (width >= to - from) return null;
  const start = Math.max(from, Math.min(low, to - width));
  return [start, start + width];
}
