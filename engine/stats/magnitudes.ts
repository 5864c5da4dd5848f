import { addCounts, BINS_PER_OCTAVE, NEGATIVE, octaveBins, type HistogramState } from './histogram';

/** The distribution of |x|: what every calibrator looks at. Exact zeros are in no bin. */
export class Magnitudes {
  /** Biased exponent of the first octave; the others follow without gaps, up to that of the largest |x|. */
  private readonly first: number;
  /** Counts of |x| by bin, in ascending order, {@link BINS_PER_OCTAVE} an octave; empty when all values are zero. */
  readonly counts: Float64Array;
  /** Values that every grid rounds to zero. */
  readonly zeros: number;
  readonly total: number;
  /** Largest |x|, exact. */
  readonly max: number;

  /** Folds both sides of a histogram onto |x|. */
  constructor(state: HistogramState) {
    this.zeros = state.zeros;
    this.total = state.finite;
    this.max = largest(state);
    const octaves = state.octaves.filter((o) => o.octave !== 0 || hasMoreThanZeros(o.counts));
    const exponents = octaves.map((o) => o.octave % NEGATIVE);
    this.first = Math.min(...exponents);
    const length = octaves.length === 0 ? 0 : Math.max(...exponents) - this.first + 1;
    this.counts = new Float64Array(length * BINS_PER_OCTAVE);
    octaves.forEach(({ counts }, k) => {
      const from = ((exponents[k] ?? 0) - this.first) * BINS_PER_OCTAVE;
      addCounts(this.counts.subarray(from, from + BINS_PER_OCTAVE), counts);
    });
    if (this.first === 0 && length > 0) this.counts[0] = 0;
  }

  /** Lower edge of a bin. */
  lower(bin: number): number {
    const { from, width } = this.octaveOf(bin);
    return from + (bin % BINS_PER_OCTAVE) * width;
  }

  width(bin: number): number {
    return this.octaveOf(bin).width;
  }

  centre(bin: number): number {
    return this.lower(bin) + this.width(bin) / 2;
  }

  /**
   * The first bin whose centre is not below a positive `x`; the number of bins when all are. Told from the bits of x:
   * calibrators ask for millions.
   */
  firstCentredFrom(x: number): number {
    float[0] = x;
    const low = words[0]!;
    const high = words[1]!;
    const exponent = (high >>> 20) - 1023 + 127;
    if (exponent < 1) return this.first > 0 ? 0 : this.firstBelowNormal(x);
    if (exponent < this.first) return 0;
    // Of the mantissa's upper 20 bits, ten name the bin; the next is set from its centre on.
    const rest = high & 1023;
    const isBeyond = rest > 512 || (rest === 512 && low > 0);
    const bin = (exponent - this.first) * BINS_PER_OCTAVE + ((high >>> 10) & 1023) + (isBeyond ? 1 : 0);
    return Math.min(bin, this.counts.length);
  }

  private firstBelowNormal(x: number): number {
    const { width } = octaveBins(0);
    return Math.min(Math.max(0, Math.ceil(x / width - 0.5)), this.counts.length);
  }

  private octaveOf(bin: number): { from: number; width: number } {
    return octaveBins(this.first + Math.floor(bin / BINS_PER_OCTAVE));
  }
}

function hasMoreThanZeros(counts: Float64Array): boolean {
  return counts.some((n, i) => i > 0 && n > 0);
}

const float = new Float64Array(1);
/** Little-endian, as every machine that onnxruntime runs on: the upper half is the second. */
const words = new Uint32Array(float.buffer);

/** Largest |x|. */
export function largest({ min, max }: Pick<HistogramState, 'min' | 'max'>): number {
  return Math.max(Math.abs(min), Math.abs(max));
}
