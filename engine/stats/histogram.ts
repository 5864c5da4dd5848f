/** Bins on each side of zero. At least half of them are in use once a value has been seen. */
export const BINS = 4096;

/** The plain form of a {@link Histogram}, to send and to store. */
export interface HistogramState {
  /** A power of two; 0 while only zeros have been seen. */
  binWidth: number;
  positive: Float64Array;
  negative: Float64Array;
  zeros: number;
  finite: number;
  notFinite: number;
  min: number;
  max: number;
}

/**
 * A streaming histogram of one tensor in fixed memory.
 *
 * The bin width is the smallest power of two that fits the largest |x| into {@link BINS} bins; when a larger
 * value comes, neighbouring bins are added and the width doubles. Halving an index is exact, so the result
 * depends on the values alone, never on their order or on how they were split into batches, and histograms
 * merge exactly.
 */
export class Histogram {
  private binWidth = 0;
  private readonly positive = new Float64Array(BINS);
  private readonly negative = new Float64Array(BINS);
  private zeros = 0;
  private finite = 0;
  private notFinite = 0;
  private min = Infinity;
  private max = -Infinity;

  static from(state: HistogramState): Histogram {
    const histogram = new Histogram();
    histogram.merge(state);
    return histogram;
  }

  /** Counts the values; NaN and infinities are only numbered. */
  add(values: Float32Array): void {
    let { min, max } = this;
    let finite = true;
    for (const x of values) {
      if (x < min) min = x;
      if (x > max) max = x;
      // x − x is NaN for NaN and for infinities.
      if (x - x !== 0) finite = false;
    }
    if (!finite) {
      const kept = values.filter((x) => Number.isFinite(x));
      this.notFinite += values.length - kept.length;
      this.add(kept);
      return;
    }
    if (values.length === 0) return;
    this.min = min;
    this.max = max;
    this.finite += values.length;
    this.widenFor(Math.max(Math.abs(min), Math.abs(max)));
    if (this.binWidth === 0) {
      this.zeros += values.length;
      this.positive[0] = this.zeros;
      return;
    }
    const { positive, negative } = this;
    const perWidth = 1 / this.binWidth;
    let zeros = 0;
    for (const x of values) {
      if (x > 0) {
        positive[(x * perWidth) | 0]!++;
      } else if (x < 0) {
        negative[(-x * perWidth) | 0]!++;
      } else {
        zeros++;
      }
    }
    this.zeros += zeros;
    positive[0]! += zeros;
  }

  /** Adds another histogram of the same tensor. */
  merge(other: HistogramState): void {
    this.notFinite += other.notFinite;
    if (other.finite === 0) return;
    this.widenFor(Math.max(Math.abs(other.min), Math.abs(other.max)));
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.finite += other.finite;
    this.zeros += other.zeros;
    const ratio = this.binWidth === 0 ? 1 : other.binWidth / this.binWidth;
    for (let i = 0; i < BINS; i++) {
      const to = Math.floor(i * ratio);
      this.positive[to]! += other.positive[i]!;
      this.negative[to]! += other.negative[i]!;
    }
  }

  state(): HistogramState {
    return {
      binWidth: this.binWidth,
      positive: this.positive,
      negative: this.negative,
      zeros: this.zeros,
      finite: this.finite,
      notFinite: this.notFinite,
      // −0 counts as zero, and whether it or 0 came first must not show.
      min: this.finite === 0 ? 0 : this.min + 0,
      max: this.finite === 0 ? 0 : this.max + 0,
    };
  }

  private widenFor(magnitude: number): void {
    if (magnitude === 0 || magnitude < this.binWidth * BINS) return;
    let width = this.binWidth;
    if (width === 0) {
      // A first width from the exponent, then exactly the smallest that fits.
      width = 2 ** (Math.floor(Math.log2(magnitude)) - Math.log2(BINS) - 1);
      while (magnitude >= width * BINS) width *= 2;
      this.binWidth = width;
      return;
    }
    while (magnitude >= width * BINS) {
      halve(this.positive);
      halve(this.negative);
      width *= 2;
    }
    this.binWidth = width;
  }
}

/** Adds neighbouring bins, as the width doubles. */
function halve(counts: Float64Array): void {
  for (let i = 0; i < BINS / 2; i++) counts[i] = counts[2 * i]! + counts[2 * i + 1]!;
  counts.fill(0, BINS / 2);
}
