import type { Magnitudes } from '../stats/magnitudes';
import { rebin } from '../stats/rebin';
import type { Grid } from './grid';

/**
 * The companion toolkit's number of bins. KL depends on it: with finer bins, a spike in the distribution (a
 * constant padding, say) makes every merged level look bad and drags the clip towards zero.
 */
const MOST_BINS = 2048;

/**
 * The clip that minimises KL(P‖Q) (paper, section on calibration; companion toolkit's algorithm).
 * For a clip after bin i: P is the first i bins with all that lies beyond added to the last; Q is the first
 * i bins merged to the grid's levels, each level's mean spread over its non-empty bins.
 *
 * A clip where P has mass and Q none makes KL infinite and is passed over; no clip at all never does.
 * Exact zeros are left out of both: every grid represents them, and a spike of them (after a Relu) would
 * hide the rest.
 */
export function entropyClip(magnitudes: Magnitudes, grid: Grid): number {
  const { zeros, max } = magnitudes;
  const factor = Math.ceil(magnitudes.counts.length / MOST_BINS);
  const binWidth = magnitudes.binWidth * factor;
  const nonZero = Float64Array.from(rebin(magnitudes.counts, factor));
  nonZero[0]! -= zeros;
  const total = nonZero.reduce((a, b) => a + b, 0);
  const bins = nonZero.length;
  const fewest = Math.min(bins, grid.levels(max));

  let best = { clip: max, divergence: divergenceAt(nonZero, bins, total, grid.levels(max)) };
  let kept = 0;
  let counted = 0;
  for (let end = fewest; end < bins; end++) {
    while (counted < end) kept += nonZero[counted++]!;
    const clip = end * binWidth;
    // With nothing in the last kept bin, Q cannot hold the clipped mass that P has there.
    if (nonZero[end - 1] === 0 && kept < total) continue;
    const divergence = divergenceAt(nonZero, end, total, Math.min(end, grid.levels(clip)));
    if (divergence < best.divergence) best = { clip, divergence };
  }
  return best.clip;
}

/** KL(P‖Q) in nats for the first `end` bins merged to `levels` levels. */
function divergenceAt(counts: Float64Array, end: number, total: number, levels: number): number {
  if (total === 0) return 0;
  let kept = 0;
  for (let i = 0; i < end; i++) kept += counts[i]!;
  const beyond = total - kept;
  let divergence = 0;
  for (let level = 0; level < levels; level++) {
    // A bin belongs to the level that its lower edge lies in.
    const from = Math.ceil((level * end) / levels);
    const to = Math.ceil(((level + 1) * end) / levels);
    let mass = 0;
    let occupied = 0;
    for (let i = from; i < to; i++) {
      mass += counts[i]!;
      if (counts[i]! > 0) occupied++;
    }
    if (mass === 0) continue;
    const q = mass / occupied / kept;
    for (let i = from; i < to; i++) {
      const n = counts[i]! + (i === end - 1 ? beyond : 0);
      if (n > 0) divergence += (n / total) * Math.log(n / total / q);
    }
  }
  return divergence;
}
