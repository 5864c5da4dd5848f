/** Longest name looked for; names of tensors can be anything, but nobody points at a longer one. */
const MAX_NAME = 512;
const quotes = ['"', "'", '`'];
/** What may stand in a name that is written without quotes. */
const wordCharacter = /[\p{L}\p{N}_./:-]/u;

export interface Span {
  text: string;
  start: number;
  end: number;
}

/**
 * Whether a word without quotes around it may be a name at all: it holds a digit, a separator or a capital inside. All else is
 * language (`conv`, `Add`, `weights`).
 */
function looksLikeName(word: string): boolean {
  return /[\p{N}_./:-]/u.test(word.replace(/[.:/-]+$/, '')) || /[\p{L}\p{N}]\p{Lu}/u.test(word);
}

/**
 * What a person may mean when pointing at `column` of a line: the quoted string around it, whole, and the word
 * around it, without and with punctuation at its ends, unless that is an ordinary one. Longest first.
 */
export function spansAt(line: string, column: number): Span[] {
  const spans: Span[] = [];
  for (const quote of quotes) {
    // Searching back from −1 would find a quote at 0.
    const start = column === 0 ? 0 : line.lastIndexOf(quote, column - 1) + 1;
    const end = line.indexOf(quote, Math.max(start, column));
    if (start > 0 && end >= 0 && end > start) spans.push({ text: line.slice(start, end), start, end });
  }
  let start = column;
  let end = column;
  while (start > 0 && wordCharacter.test(line.charAt(start - 1))) start--;
  while (end < line.length && wordCharacter.test(line.charAt(end))) end++;
  const word = line.slice(start, end);
  if (looksLikeName(word)) {
    spans.push({ text: word, start, end });
    const bare = word.replace(/[.:/-]+$/, '');
    if (bare !== word && column <= start + bare.length) {
      spans.push({ text: bare, start, end: start + bare.length });
    }
  }
  return spans.filter((s) => s.text.length <= MAX_NAME).sort((a, b) => b.text.length - a.text.length);
}
