/**
 * All indices below `count`, each next one far from those before (the golden ratio's multiples, modulo 1): whatever order samples
 * came in, the first few stand for all.
 */
export function spread(count: number): number[] {
  const step = (Math.sqrt(5) - 1) / 2;
  return Array.from({ length: count }, (_, i) => i).sort((a, b) => ((a * step) % 1) - ((b * step) % 1));
}
