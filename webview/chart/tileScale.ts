/** A value on a tile, with what it is certain to. */
export interface TileValue {
  value: number;
  low: number;
  high: number;
}

/** Where it is drawn, as percentages of the width. */
export interface TilePlace {
  at: number;
  low: number;
  high: number;
}

/**
 * Places of values on one line, with room at both ends.
 * @param from where the line begins; `null` for the least of the values
 * @returns one place for each value; `null` for a value that is no number
 */
export function tilePlaces(values: readonly TileValue[], from: number | null): (TilePlace | null)[] {
  const finite = values.filter(({ value }) => Number.isFinite(value));
  const ends = finite.flatMap(({ value, low, high }) => [value, low, high]).filter(Number.isFinite);
  const least = from ?? Math.min(...ends);
  const span = Math.max(...ends) - least;
  const margin = from === null ? 6 : 0;
  const place = (value: number) => {
    const share = span > 0 ? (value - least) / span : 0.5;
    return margin + Math.max(0, Math.min(1, share)) * (94 - margin);
  };
  return values.map(({ value, low, high }) =>
    Number.isFinite(value)
      ? {
          at: place(value),
          low: place(Number.isFinite(low) ? low : value),
          high: place(Number.isFinite(high) ? high : value),
        }
      : null,
  );
}
