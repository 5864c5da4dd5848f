/** Share of the variants that are run before the others, which may lean on what these lose. */
const SHARE = 1 / 4;
/** So many noisier variants tell what a variant can do to one sample. */
export const WITNESSES = 3;

/** The noisiest variants, by what reached the outputs on the first samples; noisiest first. */
export function noisiest(firsts: ReadonlyMap<string, { sqnrDb: number }>): string[] {
  return [...firsts]
    .sort(([, a], [, b]) => a.sqnrDb - b.sqnrDb)
    .slice(0, Math.max(WITNESSES, Math.ceil(SHARE * firsts.size)))
    .map(([name]) => name);
}
