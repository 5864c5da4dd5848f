import { sum } from 'd3-array';
import type { HistogramData, LayerInput } from '../../engine/shared/protocol/report';

export interface Bin {
  from: number;
  to: number;
  count: number;
}

export interface Rebinned {
  /** From left to right, all of one width, one edge at zero. */
  bins: Bin[];
  /** Values to the left of the first bin. */
  below: number;
  /** Values to the right of the last bin. */
  above: number;
}

/** How many values the histogram holds. */
export function totalCount(histogram: HistogramData): number {
  return sum(histogram.positive) + sum(histogram.negative);
}

/** Counts of one side, joined by `factor`, as far as `bins`; the last item is everything beyond. */
function joinSide(counts: readonly number[], factor: number, bins: number): number[] {
  const joined = new Array<number>(bins + 1).fill(0);
  counts.forEach((count, i) => {
    const bin = Math.min(bins, Math.floor(i / factor));
    joined[bin] = (joined[bin] ?? 0) + count;
  });
  return joined;
}

/**
 * Joins neighbouring bins until about `limit` of them cover [low, high], in the tensor's units.
 * Zero stays an edge, or a multiple of a bin away from one, so no bin mixes signs; the outermost bins may reach past `low` and `high`.
 */
export function rebin(histogram: HistogramData, low: number, high: number, limit: number): Rebinned {
  const factor = Math.max(1, Math.ceil((high - low) / histogram.binWidth / Math.max(1, limit)));
  const width = factor * histogram.binWidth;
  const left = Math.max(0, Math.ceil(-low / width));
  const right = Math.max(left === 0 ? 1 : 0, Math.ceil(high / width));
  const negative = joinSide(histogram.negative, factor, left);
  const positive = joinSide(histogram.positive, factor, right);
  const bins: Bin[] = [];
  for (let i = left - 1; i >= 0; i -= 1) {
    // Not −0 for the bin that ends at zero.
    bins.push({ from: -(i + 1) * width, to: i === 0 ? 0 : -i * width, count: negative[i] ?? 0 });
  }
  for (let i = 0; i < right; i += 1) {
    bins.push({ from: i * width, to: (i + 1) * width, count: positive[i] ?? 0 });
  }
  // What is seen may begin and end on one side of zero.
  const seen = bins.filter((bin) => bin.to > low && bin.from < high);
  const drawn = seen.length > 0 ? seen : bins;
  const [first, last] = [drawn[0]?.from ?? 0, drawn.at(-1)?.to ?? 0];
  const outside = (isOut: (bin: Bin) => boolean) => sum(bins.filter(isOut), (bin) => bin.count);
  return {
    bins: drawn,
    below: (negative[left] ?? 0) + outside((bin) => bin.to <= first),
    above: (positive[right] ?? 0) + outside((bin) => bin.from >= last),
  };
}

function beyond(counts: readonly number[], edge: number): number {
  const bin = Math.floor(edge);
  // Values are taken to be spread evenly inside the bin that the clip cuts.
  return sum(counts.slice(bin + 1)) + (counts[bin] ?? 0) * (1 - (edge - bin));
}

/** Share of the values whose magnitude is above `clip`, between 0 and 1. */
export function shareBeyond(
  { histogram, min, max }: Pick<LayerInput, 'histogram' | 'min' | 'max'>,
  clip: number,
): number {
  const total = totalCount(histogram);
  // The largest value lies somewhere in its bin, so the bins alone would say that some values are beyond it.
  if (total === 0 || clip >= Math.max(-min, max)) return 0;
  const edge = clip / histogram.binWidth;
  return (beyond(histogram.positive, edge) + beyond(histogram.negative, edge)) / total;
}
