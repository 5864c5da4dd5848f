/** Longest string shown whole. */
const MAX_TEXT = 1000;
// Also what turns or hides text (bidirectional controls), and halves of characters.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * A string in quotes. The syntax knows no escapes but of `"` and `\`; what does not print stands as `\u{a}`.
 * A long string ends in `…`.
 */
export function quoteText(text: string): string {
  const shown = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  const escaped = shown
    .replaceAll(/["\\]/g, '\\$&')
    .replaceAll(unprintable, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
  return `"${escaped}"`;
}

/** A name as the syntax wants it: bare where it is an identifier, else in quotes. */
export function quoteName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name.length <= MAX_TEXT ? name : quoteText(name);
}

/** A domain or an operator: identifiers with dots between them, else in quotes. */
export function quoteDotted(name: string): string {
  return /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(name) && name.length <= MAX_TEXT ? name : quoteText(name);
}

/** A comment to the end of its line; what would end it early is escaped. */
export function commentText(text: string): string {
  return `# ${quoteText(text).slice(1, -1).replaceAll('\\"', '"')}`;
}
