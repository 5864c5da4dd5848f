/**
 * The upper factor R of a symmetric positive definite matrix, H = Rᵀ·R.
 * @param matrix of [size, size], row-major; only its upper half is read
 * @returns `undefined` where rounding left the matrix not positive definite
 */
export function cholesky(matrix: Float64Array, size: number): Float64Array | undefined {
  const factor = new Float64Array(size * size);
  for (let i = 0; i < size; i++) factor.set(matrix.subarray(i * size + i, (i + 1) * size), i * size + i);
  for (let i = 0; i < size; i++) {
    const pivot = factor[i * size + i]!;
    if (!(pivot > 0) || !Number.isFinite(pivot)) return undefined;
    const root = Math.sqrt(pivot);
    for (let j = i; j < size; j++) factor[i * size + j]! /= root;
    for (let k = i + 1; k < size; k++) {
      const scale = factor[i * size + k]!;
      if (scale === 0) continue;
      for (let j = k; j < size; j++) factor[k * size + j]! -= scale * factor[i * size + j]!;
    }
  }
  return factor;
}
