import { configureTextEncoding } from '@bufbuild/protobuf/wire';

/** U+DC00 + b stands for a byte b ≥ 128 that is no UTF-8: a code unit that no UTF-8 text contains (Python's PEP 383). */
const ESCAPE = 0xdc00;

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Length of the UTF-8 sequence that starts at `at`, or 0 where none does (Unicode, table 3-7). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let i = at + 2; i < at + length; i++) if (((bytes[i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

function decodeEscaped(bytes: Uint8Array): string {
  let text = '';
  let start = 0;
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += strict.decode(bytes.subarray(start, at)) + String.fromCharCode(ESCAPE + (bytes[at] ?? 0));
      start = at + 1;
    }
    at += Math.max(1, length);
  }
  return text + strict.decode(bytes.subarray(start));
}

/** UTF-8 as text; bytes that are none become escapes, which {@link encodeText} turns back. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeEscaped(bytes);
  }
}

export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  if (isUtf8(text)) return encoder.encode(text);
  const bytes = new Uint8Array(3 * text.length);
  let end = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff) bytes[end++] = code - ESCAPE;
    else end += encoder.encodeInto(character, bytes.subarray(end)).written;
  }
  return bytes.slice(0, end);
}

/** Whether the text came from proper UTF-8. Any other cannot be handed to onnxruntime as a name. */
export function isUtf8(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/**
 * Makes protobuf messages keep text that is not UTF-8, as some exporters write into doc strings; by default it
 * comes back as U+FFFD. Changes nothing for other text.
 */
export function keepAllText(): void {
  // The way it advises instead, replacing the global TextDecoder, would reach all code.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  configureTextEncoding({
    decodeUtf8: decodeText,
    encodeUtf8: encodeText,
    encodeUtf8Into(text, into) {
      if (isUtf8(text)) return encoder.encodeInto(text, into);
      const bytes = encodeText(text);
      into.set(bytes);
      return { written: bytes.length };
    },
    // Escapes are text too, where messages are copied.
    checkUtf8: () => true,
  });
}
