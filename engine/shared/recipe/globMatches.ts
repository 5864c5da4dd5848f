/**
 * Whether a pattern stands for all of a text: `*` for anything, even nothing, `?` for one character, every other character for
 * itself. In time of the product of both lengths, whatever they hold.
 */
export function globMatches(pattern: string, text: string): boolean {
  let [p, t] = [0, 0];
  // Where to go on when what follows the last star turns out not to fit.
  let [star, resumed] = [-1, 0];
  while (t < text.length) {
    if (pattern[p] === '*') {
      [star, resumed] = [p, t];
      p++;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      resumed++;
      [p, t] = [star + 1, resumed];
    } else return false;
  }
  return /^\**$/.test(pattern.slice(p));
}
