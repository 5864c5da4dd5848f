/** Far deeper than any file that is read here, and far from where the functions that read nested values exhaust the stack. */
const MAX_DEPTH = 100;
const [QUOTE, BACKSLASH, SLASH, STAR, LINE_FEED, RETURN] = [0x22, 0x5c, 0x2f, 0x2a, 0x0a, 0x0d];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** What is wrong with JSON that is nested too deeply, as what follows its name. */
export const TOO_DEEP = `is nested more than ${MAX_DEPTH} deep`;

/**
 * Reads JSON that anyone may have written.
 * @throws Error in words, where it is none or is nested more than 100 deep
 */
export function parseJson(text: string): unknown {
  if (tooDeepAt(text) !== null) throw new Error(`it ${TOO_DEEP}`);
  return JSON.parse(text.replace(/^\uFEFF/, ''));
}

/** Where a text of JSON, which may have comments, opens its 101st list or object within one another; `null` where it never does. */
export function tooDeepAt(text: string): number | null {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = stringEnd(text, i);
    else if (code === SLASH) i = commentEnd(text, i);
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++depth > MAX_DEPTH) return i;
    } else if ((code === CLOSE_LIST || code === CLOSE_OBJECT) && depth > 0) depth--;
  }
  return null;
}

/** Of the string that begins at `start`: its last quote. One that is not closed ends with its line, where parsers go on. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE || code === LINE_FEED || code === RETURN) return i;
  }
  return text.length;
}

/** The last character of the comment that begins at `start`, or `start` where none does. */
function commentEnd(text: string, start: number): number {
  const next = text.charCodeAt(start + 1);
  if (next !== SLASH && next !== STAR) return start;
  const end = next === SLASH ? /[\r\n]/g : /\*\//g;
  end.lastIndex = start + 2;
  return end.test(text) ? end.lastIndex - 1 : text.length;
}
