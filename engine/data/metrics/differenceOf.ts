/** Sums over the values of two lists of one length: Σ f², Σ (f − q)² and Σ q². All NaN where the lengths differ. */
export interface Difference {
  signal: number;
  noise: number;
  power: number;
}

const floats = (values: ArrayLike<number>) =>
  values instanceof Float32Array ? values : Float32Array.from(values);

/** What tells a model's output from the float model's, in one pass; both rounded to float32, as the float model's were when they were kept. */
export function differenceOf(float: ArrayLike<number>, quantized: ArrayLike<number>): Difference {
  if (float.length !== quantized.length) return { signal: NaN, noise: NaN, power: NaN };
  // Of one type, so that the loop is compiled for it.
  const [exact, rounded] = [floats(float), floats(quantized)];
  let signal = 0;
  let noise = 0;
  let power = 0;
  for (let i = 0; i < exact.length; i++) {
    const f = exact[i] ?? 0;
    const q = rounded[i] ?? 0;
    signal += f * f;
    noise += (f - q) * (f - q);
    power += q * q;
  }
  return { signal, noise, power };
}
