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

/** A copy of plain data in which every text, names of members and keys of maps too, is {@link neutral}. */
export function neutralCopy<T>(value: T): T {
  return copied(value) as T;
}

function copied(value: unknown): unknown {
  if (typeof value === 'string') return neutral(value);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(copied);
  if (value instanceof Map) return new Map([...value].map(([key, member]) => [copied(key), copied(member)]));
  if (value instanceof Set) return new Set([...value].map(copied));
  const members = new Map<string, unknown>();
  for (const [key, member] of Object.entries(value)) {
    let name = neutral(key);
    // Two names may look the same now.
    while (members.has(name)) name += '�';
    members.set(name, copied(member));
  }
  return Object.fromEntries(members);
}

/** JSON, equal to what `JSON.stringify` writes, whose texts hold nothing that steers a terminal either. */
export function neutralJson(value: unknown, indent?: number): string {
  const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  // Line ends within a text are escaped already; those left are between them.
  return JSON.stringify(value, null, indent).replaceAll(STEERING, (found) =>
    found === '\n' ? found : found.replaceAll(/[^]/g, escape),
  );
}
