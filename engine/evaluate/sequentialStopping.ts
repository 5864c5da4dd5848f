/** A variant is looked at after so many samples first. */
export const FIRST_LOOK = 16;

/**
 * Looks while the samples double: with one, what 260 samples would settle runs on to 512. More looks are more chances to be wrong.
 */
const LOOKS = 2;

/**
 * Whether it is asked, after `done` of `all` samples, if they say enough.
 * @param first how many samples all variants are tried on before any is run on the others: what is known then is looked at too
 */
export function isLook(done: number, all: number, first: number): boolean {
  if (done < FIRST_LOOK || done >= all) return false;
  if (done === first) return true;
  const nth = Math.round(LOOKS * Math.log2(done / FIRST_LOOK));
  return done === Math.round(FIRST_LOOK * 2 ** (nth / LOOKS));
}

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
