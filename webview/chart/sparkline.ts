import type { LayerInput } from '../../engine/shared/protocol/report';
import { ownValue } from '../../engine/shared/ownValue';

/** A histogram in a cell: what is drawn, in pixels. */
export interface Sparkline {
  width: number;
  height: number;
  /** Outline of the bins as SVG path data. */
  bins: string;
  /** Upright lines at the ends that the clip in use leaves, as SVG path data; empty where it cuts nothing off. */
  clip: string;
}

/** Pixels of one bin. */
const BIN = 2;

function columnHeights(counts: readonly number[], columns: number, perColumn: number): number[] {
  const sums = new Array<number>(columns).fill(0);
  for (let i = 0; i < counts.length; i += 1) {
    const at = Math.min(columns - 1, Math.floor(i / perColumn));
    sums[at] = (sums[at] ?? 0) + (counts[i] ?? 0);
  }
  return sums;
}

function draw({ histogram, clips, method, min, max }: LayerInput, width: number, height: number): Sparkline {
  const { binWidth, negative, positive } = histogram;
  const columns = Math.floor(width / BIN);
  const total = negative.length + positive.length;
  const left = Math.round((columns * negative.length) / Math.max(1, total));
  // Either side has columns of one width, so zero stays an edge.
  const perColumn = Math.max(
    left === 0 ? 0 : negative.length / left,
    columns === left ? 0 : positive.length / (columns - left),
    Number.MIN_VALUE,
  );
  const below = left === 0 ? [] : columnHeights(negative, left, perColumn).reverse();
  const above = columns === left ? [] : columnHeights(positive, columns - left, perColumn);
  const counts = [...below, ...above];
  // By the logarithm, as in the detail: tails are what clips are about.
  const top = Math.log1p(counts.reduce((a, b) => Math.max(a, b), 1));
  const bins = counts.flatMap((count, i) => {
    if (count === 0) return [];
    const tall = Math.max(1, Math.round((height * Math.log1p(count)) / top));
    return [`M${i * BIN} ${height}v${-tall}h${BIN}v${tall}z`];
  });
  const clip = ownValue(clips, method) ?? Infinity;
  const zero = left * BIN;
  const reach = (clip / binWidth / perColumn) * BIN;
  const ends = [...(min < -clip ? [zero - reach] : []), ...(max > clip ? [zero + reach] : [])];
  const lines = ends.map((x) => `M${Math.min(width - 0.5, Math.max(0.5, Math.round(x) + 0.5))} 0v${height}`);
  return { width, height, bins: bins.join(''), clip: lines.join('') };
}

const drawn = new WeakMap<LayerInput, Sparkline>();

/**
 * A tensor's histogram for a cell of so many pixels, its counts by their logarithm. Kept for each tensor, since lists
 * draw the same ones again as they scroll; all cells are of one size.
 */
export function sparkline(input: LayerInput, width: number, height: number): Sparkline {
  const known = drawn.get(input);
  if (known?.width === width && known.height === height) return known;
  const made = draw(input, width, height);
  drawn.set(input, made);
  return made;
}
