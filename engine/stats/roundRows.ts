import { cholesky } from './cholesky';

/** Share of the mean diagonal that is added to all of it, so that few samples do not decide alone (GPTQ: 1%). */
const DAMPING = 0.01;
const MOST_SWEEPS = 10;

/** A matrix of [rows, size] and the grid of each row. */
export interface Rows {
  weights: Float32Array;
  size: number;
  /** Neighbours of a row that share a step, the last ones fewer; left out, all of a row do. */
  blockSize?: number;
  /** Step of each block, row by row; what has step 0 stays as it is. */
  steps: ArrayLike<number>;
  /** Largest whole number of the grid: −high … high. */
  high: number;
  /** The element of the row that must stay at its nearest number, because it sets its block's step; −1 for none. */
  fixed: ArrayLike<number>;
}

export interface RoundedRows {
  /** Whole numbers of [rows, size]. */
  integers: Int32Array;
  /** Σ ‖(w − ŵ)·X‖² over the rows, rounded to the nearest and so. */
  nearest: number;
  rounded: number;
}

/**
 * Rounds each row w to a grid so that ‖(w − ŵ)·X‖² = (w − ŵ)·H·(w − ŵ)ᵀ is small: one weight after the other, each
 * making up for the errors of those before it (Frantar et al. 2022, "GPTQ", in the form of Chen et al. 2025, "The
 * Geometry of LLM Quantization": nearest planes on the Cholesky factor of H), then single steps as long as one lowers the
 * sum. A row that does not gain by it is rounded to the nearest.
 * @param gram H = X·Xᵀ of [size, size], row-major
 */
export function roundRows(rows: Rows, gram: Float64Array): RoundedRows {
  const { weights, size, steps, high, fixed, blockSize = size } = rows;
  const count = weights.length / size;
  const blocks = Math.ceil(size / blockSize);
  const integers = new Int32Array(weights.length);
  const solver = makeSolver(gram, size);
  let [nearest, rounded] = [0, 0];
  for (let r = 0; r < count; r++) {
    const own = Float64Array.from({ length: size }, (_, i) => steps[r * blocks + Math.floor(i / blockSize)]!);
    if (own.every((step) => step === 0)) continue;
    const row = weights.subarray(r * size, (r + 1) * size);
    const found = integers.subarray(r * size, (r + 1) * size);
    // Without a step there is no other number to go to.
    const locked = Uint8Array.from(own, (step) => (step === 0 ? 1 : 0));
    for (let b = 0; b < blocks; b++) if (fixed[r * blocks + b]! >= 0) locked[fixed[r * blocks + b]!] = 1;
    for (let i = 0; i < size; i++) found[i] = own[i] === 0 ? 0 : onGrid(row[i]! / own[i]!, high);
    const before = error(row, found, own, gram);
    nearest += before;
    const better = solver?.({ row, steps: own, high, locked, nearest: found });
    const after = better === undefined ? before : error(row, better, own, gram);
    if (better !== undefined && after < before) found.set(better);
    rounded += Math.min(before, after);
  }
  return { integers, nearest, rounded };
}

/** A row with the step of each of its elements. */
interface Row {
  row: ArrayLike<number>;
  steps: Float64Array;
  high: number;
  /** Those that stay at their nearest number: 1. */
  locked: Uint8Array;
  nearest: Int32Array;
}

function makeSolver(gram: Float64Array, size: number): ((row: Row) => Int32Array) | undefined {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += gram[i * size + i]!;
  if (!(trace > 0) || !Number.isFinite(trace)) return undefined;
  // The last is rounded first, and has all others to make up for it: so the one that counts most is last.
  const order = Array.from({ length: size }, (_, i) => i).sort(
    (a, b) => gram[a * size + a]! - gram[b * size + b]!,
  );
  const damped = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) damped[i * size + j] = gram[order[i]! * size + order[j]!]!;
    damped[i * size + i]! += (DAMPING * trace) / size;
  }
  const factor = cholesky(damped, size);
  if (factor === undefined) return undefined;
  return ({ row, steps, high, locked, nearest }) => {
    const sorted: Row = {
      row: Float64Array.from(order, (i) => row[i]!),
      steps: Float64Array.from(order, (i) => steps[i]!),
      high,
      locked: Uint8Array.from(order, (i) => locked[i]!),
      nearest: Int32Array.from(order, (i) => nearest[i]!),
    };
    const integers = nearestPlanes(sorted, factor);
    descend(sorted, damped, integers);
    const result = new Int32Array(size);
    for (let i = 0; i < size; i++) result[order[i]!] = integers[i]!;
    return result;
  };
}

function onGrid(x: number, high: number): number {
  const rounded = Math.round(x);
  const even = Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
  return Math.max(-high, Math.min(high, even));
}

/** From the last to the first, each w_i is shifted by what makes up for the errors so far, then rounded. */
function nearestPlanes({ row, steps, high, locked, nearest }: Row, factor: Float64Array): Int32Array {
  const size = row.length;
  const integers = new Int32Array(size);
  const errors = new Float64Array(size);
  for (let i = size - 1; i >= 0; i--) {
    let shift = 0;
    const start = i * size;
    for (let j = i + 1; j < size; j++) shift += factor[start + j]! * errors[j]!;
    const wanted = row[i]! + shift / factor[start + i]!;
    integers[i] = locked[i] === 1 ? nearest[i]! : onGrid(wanted / steps[i]!, high);
    errors[i] = row[i]! - integers[i]! * steps[i]!;
  }
  return integers;
}

/** Moves one whole number at a time to where the sum is least, until none moves. */
function descend({ row, steps, high, locked }: Row, gram: Float64Array, integers: Int32Array): void {
  const size = row.length;
  const slope = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    const e = row[k]! - integers[k]! * steps[k]!;
    for (let i = 0; i < size; i++) slope[i]! += gram[k * size + i]! * e;
  }
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let moved = false;
    for (let k = 0; k < size; k++) {
      if (locked[k] === 1) continue;
      const step = steps[k]!;
      const best = integers[k]! + slope[k]! / gram[k * size + k]! / step;
      const by = onGrid(best, high) - integers[k]!;
      if (by === 0) continue;
      moved = true;
      integers[k]! += by;
      for (let i = 0; i < size; i++) slope[i]! -= by * step * gram[k * size + i]!;
    }
    if (!moved) return;
  }
}

function error(
  row: ArrayLike<number>,
  integers: Int32Array,
  steps: Float64Array,
  gram: Float64Array,
): number {
  return roundingError(
    Float64Array.from(integers, (q, i) => row[i]! - q * steps[i]!),
    gram,
  );
}

/** e·H·eᵀ of a row's errors. */
export function roundingError(errors: Float64Array, gram: Float64Array): number {
  const size = errors.length;
  let sum = 0;
  for (let i = 0; i < size; i++) {
    let product = 0;
    for (let j = 0; j < size; j++) product += gram[i * size + j]! * errors[j]!;
    sum += product * errors[i]!;
  }
  return Math.max(0, sum);
}
