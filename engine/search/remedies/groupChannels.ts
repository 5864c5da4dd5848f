/** Smallest and largest value of each channel of a tensor. */
export interface ChannelRange {
  min: Float64Array;
  max: Float64Array;
}

/** Bits per channel that a further group has to save. */
const WORTH = 0.25;
/** Convolutions like channels in eights; fewer channels are cut anywhere. */
const GRANULE = 8;

/**
 * Sorts channels by their range and cuts them into the groups, 1 to `most`, with which the fewest bits are lost: a
 * channel of range r in a group of range R loses log₂(R / r) bits (subtensor quantization, arXiv 2011.08009). A further
 * group has to save a quarter of a bit per channel.
 * @returns the channels of each group, those of narrow ranges first; one group where grouping is not worth it
 */
export function groupChannels({ min, max }: ChannelRange, most: number): number[][] {
  const width = (from: number, to: number) => Math.max(0, to) - Math.min(0, from);
  const widths = max.map((to, c) => width(min[c] ?? 0, to));
  const order = Array.from(widths.keys()).sort((a, b) => (widths[a] ?? 0) - (widths[b] ?? 0));
  const count = order.length;
  const granule = count >= 8 * GRANULE ? GRANULE : 1;
  const cuts = Array.from({ length: Math.ceil(count / granule) }, (_, i) => i * granule).concat(count);
  // Bits lost by the channels between two cuts when they share a range.
  const lost = cuts.map((from) =>
    cuts.map((to) => {
      let [low, high, narrow, alive] = [0, 0, 0, 0];
      for (const c of order.slice(from, to)) {
        low = Math.min(low, min[c] ?? 0);
        high = Math.max(high, max[c] ?? 0);
        const own = widths[c] ?? 0;
        if (own > 0) [narrow, alive] = [narrow + Math.log2(own), alive + 1];
      }
      return alive === 0 ? 0 : alive * Math.log2(width(low, high)) - narrow;
    }),
  );
  const cost = (a: number, b: number) => lost[a]?.[b] ?? 0;

  let best = { bits: cost(0, cuts.length - 1), ends: [cuts.length - 1] };
  // By last cut, the best partition of what is before it.
  let partial = cuts.map((_, end) => ({ bits: cost(0, end), ends: [end] }));
  for (let groups = 2; groups <= most; groups++) {
    partial = cuts.map((_, end) => {
      let found = partial[end] ?? best;
      for (let start = 1; start < end; start++) {
        const before = partial[start];
        if (before === undefined) continue;
        const bits = before.bits + cost(start, end);
        if (bits < found.bits) found = { bits, ends: [...before.ends, end] };
      }
      return found;
    });
    const next = partial.at(-1);
    if (next === undefined || best.bits - next.bits < WORTH * count) break;
    best = next;
  }
  return best.ends.map((end, i) => order.slice(cuts[i === 0 ? 0 : (best.ends[i - 1] ?? 0)], cuts[end]));
}
