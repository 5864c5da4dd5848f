/** Where `text` is when `from`, or a folder around it, becomes `to`; `null` where it is elsewhere. */
export function movedText(text: string, from: string, to: string, separator: string): string | null {
  if (text === from) return to;
  return text.startsWith(from + separator) ? to + text.slice(from.length) : null;
}
