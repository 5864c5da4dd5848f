import type { DescMessage } from '@bufbuild/protobuf';

const LENGTH_DELIMITED = 2;

type Kinds = Map<number, DescMessage>;
const kindsOf = new WeakMap<DescMessage, Kinds>();

/** Messages that the message may hold, by field number. */
function kinds(schema: DescMessage): Kinds {
  const known = kindsOf.get(schema);
  if (known !== undefined) return known;
  const found = new Map(schema.fields.flatMap((f) => (f.message ? [[f.number, f.message] as const] : [])));
  kindsOf.set(schema, found);
  return found;
}

/**
 * Counts the messages within an encoded message without decoding them: a decoded message takes hundreds of bytes,
 * even one that is two bytes in the file. Stops at `most`, and where the bytes make no sense; decoding says why.
 */
export function countMessages(schema: DescMessage, bytes: Uint8Array, most: number): number {
  let at = 0;
  let count = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    return value;
  };
  const open = [{ end: bytes.length, inner: kinds(schema) }];
  // A damaged length may reach beyond the end.
  for (let top = open.at(-1); top && at < bytes.length && count < most; top = open.at(-1)) {
    if (at >= top.end) {
      open.pop();
      continue;
    }
    const tag = varint();
    const wireType = tag % 8;
    if (wireType === LENGTH_DELIMITED) {
      const length = varint();
      const message = top.inner.get(Math.floor(tag / 8));
      if (message === undefined) {
        at += length;
      } else {
        count++;
        open.push({ end: at + length, inner: kinds(message) });
      }
    } else if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else break;
  }
  return count;
}
