/** Noise as a share of the signal. */
export function powerOf(decibels: number): number {
  return 10 ** (-decibels / 10);
}

/** Decibels that a part of the noise saves when it becomes another; `null` where that is no gain. */
export function gainOf(total: number, before: number, after: number): number | null {
  const left = Math.max(total - before, 0) + after;
  const gain = 10 * Math.log10(total / left);
  return Number.isFinite(gain) && gain > 0 ? gain : null;
}

/** Bits that are left or taken, for people. */
export function bits(value: number): string {
  return Math.max(0, value).toFixed(1);
}
