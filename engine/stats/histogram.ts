/** Bins of one octave: ten bits of a float's mantissa. A bin's width is at most 1/1024 of its values. */
export const BINS_PER_OCTAVE = 1024;
/** Biased exponent of infinities and NaN, which have no bins. */
export const NOT_FINITE_EXPONENT = 255;
/** Added to the biased exponent for negative values. */
export const NEGATIVE = 256;

/** Magnitudes below it share a bin with zero, on the positive side: every grid rounds them to it. */
const LEAST = 2 ** -136;

/** Values that are no numbers, and the first sample that held one. */
export interface NotFinite {
  nan: number;
  positive: number;
  negative: number;
  /** Index of the sample; `null` when all values are finite. */
  first: number | null;
}

/** The plain form of a {@link Histogram}, to send and to store. */
export interface HistogramState {
  /**
   * Counts by octave, in ascending order of `octave`: a float32's biased exponent, plus {@link NEGATIVE} for negative
   * values, without octaves that hold none. Bin i of exponent e ≥ 1 holds |x| from 2^(e−127)·(1 + i/1024) on; bins of
   * exponent 0 are 2^−136 wide, and bin 0 there holds zeros of both signs.
   */
  octaves: { octave: number; counts: Float64Array }[];
  /** Number of finite values. */
  finite: number;
  /** Of these, the ones below 2^−136. */
  zeros: number;
  notFinite: NotFinite;
  /** Exact; 0 when no value was finite. */
  min: number;
  max: number;
}

/**
 * A streaming histogram of one tensor, keyed by the upper 19 bits of the float itself (sign, exponent, ten bits of
 * mantissa). No range has to be known in advance, the bins are fine wherever values lie, and the counts depend on
 * the values alone, never on their order or on how they were split: histograms merge exactly. At most 2 × 255
 * octaves exist; an octave takes memory once a value has been seen in it.
 */
export class Histogram {
  private readonly octaves = new Map<number, Float64Array>();
  private readonly notFinite: NotFinite = { nan: 0, positive: 0, negative: 0, first: null };
  private min = Infinity;
  private max = -Infinity;

  static from(...states: HistogramState[]): Histogram {
    const histogram = new Histogram();
    for (const state of states) histogram.merge(state);
    return histogram;
  }

  /** Counts the values of one sample, one by one; a session's tensors go through `ValueCounter` instead. */
  add(values: Float32Array, sample = 0): void {
    this.addNotFinite(notFiniteAmong(values, sample));
    for (const x of values) if (Number.isFinite(x)) this.addCopies(x, 1);
  }

  /** Counts one finite value, a float32, `n` times. */
  addCopies(x: number, n: number): void {
    if (n === 0) return;
    // Nothing lies between zeros of either sign and what is as good as they are.
    const key = Math.abs(x) < LEAST ? 0 : bitsOf(x) >>> 13;
    const counts = this.countsOf(key >>> 10);
    const bin = key & (BINS_PER_OCTAVE - 1);
    counts[bin] = (counts[bin] ?? 0) + n;
    this.min = Math.min(this.min, x);
    this.max = Math.max(this.max, x);
  }

  /** Adds another histogram of the same tensor. */
  merge(other: HistogramState): void {
    this.addNotFinite(other.notFinite);
    if (other.finite === 0) return;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    for (const { octave, counts } of other.octaves) {
      const own = this.octaves.get(octave);
      if (own === undefined) this.octaves.set(octave, counts.slice());
      else addCounts(own, counts);
    }
  }

  state(): HistogramState {
    const octaves = [...this.octaves]
      .map(([octave, counts]) => ({ octave, counts }))
      .sort((a, b) => a.octave - b.octave);
    return stateOf(octaves, { min: this.min, max: this.max, notFinite: { ...this.notFinite } });
  }

  private countsOf(octave: number): Float64Array {
    let counts = this.octaves.get(octave);
    if (counts === undefined) this.octaves.set(octave, (counts = new Float64Array(BINS_PER_OCTAVE)));
    return counts;
  }

  private addNotFinite(other: NotFinite): void {
    const { notFinite } = this;
    notFinite.nan += other.nan;
    notFinite.positive += other.positive;
    notFinite.negative += other.negative;
    notFinite.first = earlier(notFinite.first, other.first);
  }
}

/** Completes a state by what follows from its counts. */
export function stateOf(
  octaves: HistogramState['octaves'],
  { min, max, notFinite }: Pick<HistogramState, 'min' | 'max' | 'notFinite'>,
): HistogramState {
  let finite = 0;
  for (const { counts } of octaves) for (const n of counts) finite += n;
  const zeros = octaves[0]?.octave === 0 ? (octaves[0].counts[0] ?? 0) : 0;
  // −0 counts as zero, and whether it or 0 came first must not show.
  const range = finite === 0 ? { min: 0, max: 0 } : { min: min + 0, max: max + 0 };
  return { octaves, finite, zeros, notFinite, ...range };
}

/** What is not finite in the values of one sample. */
export function notFiniteAmong(values: Float32Array, sample: number): NotFinite {
  const found: NotFinite = { nan: 0, positive: 0, negative: 0, first: null };
  for (const x of values) {
    if (Number.isNaN(x)) found.nan++;
    else if (x === Infinity) found.positive++;
    else if (x === -Infinity) found.negative++;
  }
  return { ...found, first: notFiniteCount(found) === 0 ? null : sample };
}

/** Adds bin by bin. A plain loop: there are millions of bins, and a callback for each takes longer than all else. */
export function addCounts(to: Float64Array, counts: Float64Array): void {
  for (let i = 0; i < counts.length; i++) to[i]! += counts[i]!;
}

/** How many values are no numbers. */
export function notFiniteCount({ nan, positive, negative }: NotFinite): number {
  return nan + positive + negative;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

function bitsOf(x: number): number {
  float[0] = x;
  return bits[0] ?? 0;
}

/** Lower edge and width of bin 0 of an octave; all its bins are as wide. */
export function octaveBins(octave: number): { from: number; width: number } {
  const exponent = octave % NEGATIVE;
  const from = exponent === 0 ? 0 : 2 ** (exponent - 127);
  return { from, width: 2 ** (Math.max(exponent, 1) - 137) };
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
