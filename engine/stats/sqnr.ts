/** The ratio that "no noise at all" is reported as, since JSON knows no infinity. */
export const MAX_DB = 200;

/** Signal-to-noise ratio in dB from the two powers; noise that is not finite is the worst there is. */
export function decibels(signalPower: number, noisePower: number): number {
  if (noisePower === 0) return MAX_DB;
  if (!(signalPower > 0) || !Number.isFinite(noisePower)) return -MAX_DB;
  return Math.max(-MAX_DB, Math.min(MAX_DB, 10 * Math.log10(signalPower / noisePower)));
}
