/**
 * Characters that steer what shows them, or cannot be seen: controls (C0, C1), separators of lines, marks of writing direction,
 * halves of surrogate pairs, spaces without width, tags. Joiners stay: some scripts need them.
 */
const STEERING =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Surrogate}\u00ad\u200b\u2060\ufeff\u{e0000}-\u{e007f}]/gu;

/** Text from a file as one line that only is what it shows: each character that steers is `�`. */
export function neutral(text: string): string {
  return text.replaceAll(STEERING, '�');
}
