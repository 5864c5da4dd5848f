/** From here on up a double has no room for halves behind the point: adding it rounds, half to even. */
const NO_HALVES = 1.5 * 2 ** 52;

/** Rounds half to even, as the paper's equations and QuantizeLinear do. */
export function roundHalfEven(x: number): number {
  // A remainder takes ten times as long.
  if (Math.abs(x) < 2 ** 51) return x + NO_HALVES - NO_HALVES;
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/**
 * How real values map to integers, in ONNX's convention: x̂ = (q − zeroPoint) · scale.
 * The paper's s is 1/scale.
 */
export interface Affine {
  scale: number;
  zeroPoint: number;
  low: number;
  high: number;
}

/** q = clip(round(x / scale) + zeroPoint, low, high) (paper, "affine quantization"; ONNX QuantizeLinear). */
export function quantize(x: number, { scale, zeroPoint, low, high }: Affine): number {
  return Math.max(low, Math.min(high, roundHalfEven(x / scale) + zeroPoint));
}

export function dequantize(q: number, { scale, zeroPoint }: Affine): number {
  return (q - zeroPoint) * scale;
}

/**
 * A scale as float32 can hold it: what is written to the file is what was computed with. A range too narrow
 * for a normal float32 scale is as good as all zero, and gets scale 1.
 */
export function storableScale(scale: number): number {
  const stored = Math.fround(scale);
  return stored >= 2 ** -126 && Number.isFinite(stored) ? stored : 1;
}

/**
 * The paper's scale quantization of [−amax, amax] to the whole numbers of so many bits, [−127, 127] for 8; an all-zero range
 * gets scale 1.
 */
export function symmetricGrid(amax: number, bits = 8): Affine {
  const high = 2 ** (bits - 1) - 1;
  return { scale: storableScale(amax / high), zeroPoint: 0, low: -high, high };
}

/**
 * The paper's affine quantization of [min, max] to all 2^bits integers from `low`. The range is widened to hold zero,
 * which is exact.
 * @param low −2^(bits−1) for signed integers, 0 for unsigned
 */
export function affine(min: number, max: number, bits: number, low: number): Affine {
  const [from, to] = [Math.min(min, 0), Math.max(max, 0)];
  const steps = 2 ** bits - 1;
  const scale = storableScale((to - from) / steps);
  const zeroPoint = low + Math.max(0, Math.min(steps, roundHalfEven(-from / scale)));
  return { scale, zeroPoint, low, high: low + steps };
}

/** {@link affine} of 8 bits: −128 as the lowest for int8, 0 for uint8. */
export function affine8(min: number, max: number, low: -128 | 0): Affine {
  return affine(min, max, 8, low);
}

/** {@link affine} of 16 bits: −32768 as the lowest for int16, 0 for uint16. */
export function affine16(min: number, max: number, low: -32768 | 0): Affine {
  return affine(min, max, 16, low);
}

/** Integers of a grid in the type that its ends tell. */
export function integersOn(
  { low, high }: Affine,
  values: readonly number[],
): Uint8Array<ArrayBuffer> | Int8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int16Array<ArrayBuffer> {
  if (low === 0) return high > 255 ? Uint16Array.from(values) : Uint8Array.from(values);
  return low < -128 ? Int16Array.from(values) : Int8Array.from(values);
}
