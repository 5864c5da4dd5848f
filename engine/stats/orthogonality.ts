/** Sharpness of {@link importances}: 1 is where two layers' sums that differ by 1 differ in importance by e. */
const BETA = 1;

/**
 * Gram matrix of a layer's features over samples, with the mean over the samples taken off every feature: G = F·Fᵀ (OMPQ, arXiv
 * 2109.07865, section 3.1).
 * @param features by sample, all of one length
 * @returns N × N values, row by row
 */
export function centredGram(features: readonly ArrayLike<number>[]): Float64Array {
  const count = features.length;
  const gram = new Float64Array(count * count);
  for (let a = 0; a < count; a++)
    for (let b = a; b < count; b++) {
      let sum = 0;
      const [x, y] = [features[a]!, features[b]!];
      for (let k = 0; k < x.length; k++) sum += x[k]! * y[k]!;
      gram[a * count + b] = gram[b * count + a] = sum;
    }
  // Off the products, which is the same as off the features.
  const means = new Float64Array(count);
  for (let a = 0; a < count; a++) {
    let sum = 0;
    for (let b = 0; b < count; b++) sum += gram[a * count + b]!;
    means[a] = sum / count;
  }
  const mean = means.reduce((n, m) => n + m, 0) / (count || 1);
  for (let a = 0; a < count; a++)
    for (let b = 0; b < count; b++) gram[a * count + b]! += mean - means[a]! - means[b]!;
  return gram;
}

/**
 * How alike two layers are to the samples: ORM = ⟨Gᵢ, Gⱼ⟩ / (‖Gᵢ‖ ‖Gⱼ‖), 0 for orthogonal features and 1 for the same but for a
 * rotation and a factor (OMPQ, equation 5). 0 where a layer answers the same to every sample.
 */
export function alikeness(first: Float64Array, second: Float64Array): number {
  let [both, a, b] = [0, 0, 0];
  for (let k = 0; k < first.length; k++) {
    both += first[k]! * second[k]!;
    a += first[k]! ** 2;
    b += second[k]! ** 2;
  }
  return a > 0 && b > 0 ? Math.max(0, Math.min(1, both / Math.sqrt(a * b))) : 0;
}

/** γᵢ: how alike each layer is to all others, in sum (OMPQ, equation 6). */
export function alikenessToOthers(grams: readonly Float64Array[]): number[] {
  const sums = grams.map(() => 0);
  for (let i = 0; i < grams.length; i++)
    for (let j = i + 1; j < grams.length; j++) {
      const found = alikeness(grams[i]!, grams[j]!);
      sums[i]! += found;
      sums[j]! += found;
    }
  return sums;
}

/**
 * What a bit more of each layer counts: the mean of θⱼ = exp(−β γⱼ) over the layer and those behind it (OMPQ, equations 7 and 8),
 * times a factor that is the same for all, so that many layers do not make all of them 0.
 * @param sums {@link alikenessToOthers}, in the order of the layers
 */
export function importances(sums: readonly number[]): number[] {
  const least = sums.reduce((a, b) => Math.min(a, b), Infinity);
  const found: number[] = [];
  let total = 0;
  for (let i = sums.length - 1; i >= 0; i--) {
    total += Math.exp(-BETA * (sums[i]! - least));
    found[i] = total / (sums.length - i);
  }
  return found;
}
