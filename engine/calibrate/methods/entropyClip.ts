import type { Magnitudes } from '../../stats/magnitudes';
import type { Grid } from '../../stats/integerGrid';

/** Divergences that differ by less are the same: the sums behind them round differently. */
const SAME = 1e-12;

/**
 * The clip that minimises KL(P‖Q) (paper, section on calibration; companion toolkit's algorithm), on at most 2,048
 * equal bins, as many as the toolkit takes. KL depends on their number: with finer bins, a spike (a constant padding,
 * say) makes every merged level look bad and drags the clip towards zero.
 * For a clip after bin i: P is the first i bins with all that lies beyond added to the last; Q is the first
 * i bins merged to the grid's levels, each level's mean spread over its non-empty bins. The largest of equals wins.
 *
 * A clip where P has mass and Q none makes KL infinite and is passed over; no clip at all never does.
 * Exact zeros are left out of both: every grid represents them, and a spike of them (after a Relu) would
 * hide the rest.
 */
export function entropyClip(magnitudes: Magnitudes, grid: Grid): number {
  const { max } = magnitudes;
  const { counts, binWidth } = equalBins(magnitudes);
  const divergence = new Divergence(counts);
  const bins = counts.length;
  const fewest = Math.min(bins, grid.levels(max));
  let best = { clip: max, divergence: divergence.at(bins, grid.levels(max)) };
  for (let end = bins - 1; end >= fewest; end--) {
    // With nothing in the last kept bin, Q cannot hold the clipped mass that P has there.
    if (counts[end - 1] === 0) continue;
    const clip = end * binWidth;
    const found = divergence.at(end, Math.min(end, grid.levels(clip)));
    if (found < best.divergence - SAME) best = { clip, divergence: found };
  }
  return best.clip;
}

/** |x| in bins as wide as the widest, the last one holding a value: between 1,024 and 2,048 of them. */
function equalBins(magnitudes: Magnitudes): { counts: Float64Array; binWidth: number } {
  const { counts } = magnitudes;
  const last = counts.findLastIndex((n) => n > 0);
  const binWidth = magnitudes.width(last);
  const equal = new Float64Array(Math.floor(magnitudes.lower(last) / binWidth) + 1);
  for (let i = 0; i <= last; i++) {
    if (counts[i]! > 0) equal[Math.floor(magnitudes.lower(i) / binWidth)]! += counts[i]!;
  }
  return { counts: equal, binWidth };
}

/** Logarithms of small counts, which most levels hold. */
const logs = Float64Array.from({ length: 2 ** 16 }, (_, n) => Math.log(n));

function logOf(n: number): number {
  return n < logs.length ? logs[n]! : Math.log(n);
}

/**
 * KL(P‖Q) = Σ p·log p − Σ p·log q. The first sum follows from running sums; q is the same in all occupied bins of a level,
 * so that the second one has a term for each level and not for each bin.
 */
class Divergence {
  private readonly mass: Float64Array;
  private readonly occupied: Float64Array;
  private readonly nLogN: Float64Array;

  constructor(private readonly counts: Float64Array) {
    const running = (term: (n: number) => number) => {
      const sums = new Float64Array(counts.length + 1);
      for (let i = 0; i < counts.length; i++) sums[i + 1] = sums[i]! + term(counts[i]!);
      return sums;
    };
    this.mass = running((n) => n);
    this.occupied = running((n) => (n > 0 ? 1 : 0));
    this.nLogN = running((n) => (n > 0 ? n * logOf(n) : 0));
  }

  /** In nats, for the first `end` bins, of which the last holds a value, merged to `levels` levels. */
  at(end: number, levels: number): number {
    const { mass, occupied } = this;
    const total = mass[this.counts.length] ?? 0;
    if (total === 0) return 0;
    const kept = mass[end] ?? 0;
    const beyond = total - kept;
    const last = (this.counts[end - 1] ?? 0) + beyond;
    const pLogP = (this.nLogN[end - 1] ?? 0) + last * logOf(last);
    let pLogQ = 0;
    // A bin belongs to the level that its lower edge lies in: level k ends at ⌈k·end / levels⌉, told without division.
    const whole = Math.floor(end / levels);
    const part = end % levels;
    let parts = 0;
    let edge = 0;
    let massBefore = 0;
    let occupiedBefore = 0;
    for (let level = 1; level < levels; level++) {
      edge += whole;
      parts += part;
      if (parts >= levels) {
        parts -= levels;
        edge++;
      }
      const to = parts > 0 ? edge + 1 : edge;
      const massHere = mass[to]!;
      const occupiedHere = occupied[to]!;
      const held = massHere - massBefore;
      if (held > 0) pLogQ += held * (logOf(held) - logs[occupiedHere - occupiedBefore]!);
      massBefore = massHere;
      occupiedBefore = occupiedHere;
    }
    const held = kept - massBefore;
    if (held > 0) pLogQ += (held + beyond) * (logOf(held) - logOf(occupied[end]! - occupiedBefore));
    // p counts of `total`, q of `kept`.
    return (pLogP - pLogQ) / total - logOf(total) + logOf(kept);
  }
}
