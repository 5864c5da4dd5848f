/** Adds `factor` neighbouring bins at a time and cuts empty ones off the end. */
export function rebin(counts: Float64Array, factor: number): number[] {
  const last = counts.findLastIndex((n) => n > 0);
  const result = new Array<number>(Math.ceil((last + 1) / factor)).fill(0);
  for (let i = 0; i <= last; i++) result[Math.floor(i / factor)]! += counts[i]!;
  return result;
}
