/**
 * Every calibrator once more, slowly and from its definition alone (the paper's section on calibration, the companion
 * toolkit's algorithm, ONNX's QuantizeLinear), on the raw values. Nothing here may import from the engine.
 */

/** The grids of the three targets. */
export type Target = 'symmetric int8' | 'affine uint8' | 'affine int8';

export const targets: readonly Target[] = ['symmetric int8', 'affine uint8', 'affine int8'];

function halfToEven(x: number): number {
  const below = Math.floor(x);
  const part = x - below;
  if (part !== 0.5) return part < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** Largest |x|. */
export function largestOf(values: Iterable<number>): number {
  let most = 0;
  for (const x of values) most = Math.max(most, Math.abs(x));
  return most;
}

/** The clip cuts the tensor's own range, widened to hold zero, on both sides. */
function rangeAt(values: Iterable<number>, clip: number): { min: number; max: number } {
  let [min, max] = [0, 0];
  for (const x of values) {
    min = Math.min(min, x);
    max = Math.max(max, x);
  }
  return { min: Math.max(min, -clip), max: Math.min(max, clip) };
}

/**
 * Mean of (x̂ − x)² when the values are quantized and dequantized for real, with |x| clipped at `clip`:
 * the paper's scale quantization to [−127, 127], or its affine one with a whole zero point.
 */
export function squaredError(values: Float32Array, target: Target, clip: number): number {
  const { min, max } = rangeAt(values, clip);
  const isSymmetric = target === 'symmetric int8';
  const least = isSymmetric ? -127 : target === 'affine uint8' ? 0 : -128;
  const most = isSymmetric ? 127 : least + 255;
  const scale = isSymmetric ? clip / 127 : (max - min) / 255;
  const zero = isSymmetric ? 0 : least + halfToEven(-min / scale);
  let sum = 0;
  for (const x of values) {
    const q = Math.min(most, Math.max(least, halfToEven(x / scale) + zero));
    sum += ((q - zero) * scale - x) ** 2;
  }
  return sum / values.length;
}

/** The least {@link squaredError} that any of `count` evenly spaced clips reaches, the maximum among them. */
export function leastSquaredError(values: Float32Array, target: Target, count: number): number {
  const most = largestOf(values);
  let least = Infinity;
  for (let i = 1; i <= count; i++) least = Math.min(least, squaredError(values, target, (most * i) / count));
  return least;
}

/**
 * The least of the sorted magnitudes that at least `percent` of all values do not exceed.
 * A range of nothing has no grid: where that is a zero, it is the least magnitude that is none.
 * @param percent as people write it, such as `99.9`; counted with whole numbers
 */
export function percentileByDefinition(values: Float32Array, percent: string): number {
  const [whole = '', decimals = ''] = percent.split('.');
  const wanted = BigInt(values.length) * BigInt(whole + decimals);
  const hundred = 100n * 10n ** BigInt(decimals.length);
  const sorted = [...values].map(Math.abs).sort((a, b) => a - b);
  const found = sorted.find((_, i) => BigInt(i + 1) * hundred >= wanted) ?? 0;
  // As good as zero below 2^−136: no normal float32 scale reaches it.
  if (found >= 2 ** -136) return found;
  return sorted.find((x) => x >= 2 ** -136) ?? sorted.at(-1) ?? 0;
}

/**
 * Counts of |x| in bins of one width, a power of two with which the largest |x| lies in bin 1,024 to 2,047.
 * Exact zeros are left out, unlike in the toolkit, which makes bin 0 as full as bin 1: every grid holds them, and a
 * spike of them, as after a Relu, would hide the rest.
 */
export function linearBins(values: Float32Array): { bins: number[]; width: number; most: number } {
  const found = [...values].map(Math.abs).filter((x) => x > 0);
  const most = largestOf(found);
  let width = 2 ** -160;
  while (most >= width * 2048) width *= 2;
  const bins = new Array<number>(Math.floor(most / width) + 1).fill(0);
  for (const x of found) {
    const i = Math.floor(x / width);
    bins[i] = (bins[i] ?? 0) + 1;
  }
  return { bins, width, most };
}

function sumOf(list: readonly number[]): number {
  return list.reduce((a, b) => a + b, 0);
}

/**
 * KL(P‖Q) in nats for a clip after the first `kept` bins. P: these bins, all that lies beyond added to the last.
 * Q: the bins without that, merged to `levels` levels, each level's mean spread over its bins that hold something.
 */
export function divergence(bins: readonly number[], kept: number, levels: number): number {
  const merged = Math.min(levels, kept);
  const p = bins.slice(0, kept);
  p.push((p.pop() ?? 0) + sumOf(bins.slice(kept)));
  const levelOf = (bin: number) => Math.floor((bin * merged) / kept);
  const held = Array.from({ length: merged }, (): number[] => []);
  bins.slice(0, kept).forEach((n, i) => {
    if (n > 0) held[levelOf(i)]?.push(n);
  });
  const means = held.map((list) => (list.length === 0 ? 0 : sumOf(list) / list.length));
  const q = p.map((_, i) => ((bins[i] ?? 0) > 0 ? (means[levelOf(i)] ?? 0) : 0));
  const [ofP, ofQ] = [sumOf(p), sumOf(q)];
  return p.reduce((result, n, i) => {
    const [pi, qi] = [n / ofP, (q[i] ?? 0) / ofQ];
    if (pi === 0) return result;
    return result + (qi > 0 ? pi * Math.log(pi / qi) : Infinity);
  }, 0);
}

/** How many representable magnitudes there are from 0 to the clip. */
export function levelsAt(values: Float32Array, target: Target, clip: number): number {
  if (target === 'symmetric int8') return 128;
  const { min, max } = rangeAt(values, clip);
  return Math.round(clip / ((max - min) / 255)) + 1;
}

/**
 * The clip with the least {@link divergence}, the last of equals, from as many bins on as the grid has levels when nothing
 * is clipped. A clip of infinite divergence loses to no clip at all, whose own is finite.
 */
export function entropyByDefinition(values: Float32Array, target: Target): { clip: number; least: number } {
  const { bins, width, most } = linearBins(values);
  let best = { clip: most, least: Infinity };
  for (let kept = Math.min(bins.length, levelsAt(values, target, most)); kept <= bins.length; kept++) {
    const clip = kept === bins.length ? most : kept * width;
    const found = divergence(bins, kept, levelsAt(values, target, clip));
    // Sums that round differently are equal.
    if (found <= best.least + 1e-12) best = { clip, least: Math.min(found, best.least) };
  }
  return best;
}
