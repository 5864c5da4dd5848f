/** Where a feature goes, and with which sign: a fixed 32-bit hash of its index (finalizer of MurmurHash3). */
function mix(index: number): number {
  let h = (index + 0x9e3779b9) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * A list of any length as `size` sums, each of features with random signs, always the same ones: count sketch (Charikar, Chen,
 * Farach-Colton 2002). Scalar products of two lists of one length are kept on average, with a standard deviation of no more than √(2/size)
 * of the product of their norms (Weinberger et al., arXiv 0902.2206, lemma 2). A list that is no longer than `size` is kept as it is.
 * @param size a power of two
 */
export function sketch(values: Float32Array | Float64Array, size: number): Float64Array {
  if (values.length <= size) return Float64Array.from(values);
  const sums = new Float64Array(size);
  const mask = size - 1;
  for (let i = 0; i < values.length; i++) {
    const hash = mix(i);
    // The lowest bit is the sign, without a branch that no processor could foretell; others are the place.
    sums[(hash >>> 1) & mask]! += values[i]! * (1 - ((hash & 1) << 1));
  }
  return sums;
}
