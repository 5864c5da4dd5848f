import { closeSync, openSync, readSync } from 'node:fs';
import { EngineError } from '../engineError';

/** Where wire fields of messages on the way to weights lie (onnx.proto): message, and what its fields hold. */
type Message = 'model' | 'graph' | 'node' | 'attribute' | 'tensor';
const inner: Record<Message, Record<number, Message>> = {
  model: { 7: 'graph' },
  graph: { 1: 'node', 5: 'tensor' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph' },
  tensor: {},
};
const RAW_DATA = 9;
/** Smaller weights are read at once: they cost less than the note of where they are. */
const LEAST_SKIPPED = 64 * 1024;
const WINDOW = 256 * 1024;
const MAX_DEPTH = 64;
/** Far above any real graph; each takes memory however few bytes it is. */
const MOST_FIELDS = 2_000_000;

/**
 * Reads an ONNX file without its large weights: the result encodes the same model, whose large `raw_data` say instead
 * where in this very file they are (as external data at `location`). Takes memory for all but those weights.
 * @throws EngineError `bad-model` where the encoding breaks off
 */
export function readSkeleton(path: string, bytes: number, location: string): Uint8Array<ArrayBuffer> {
  const file = openSync(path, 'r');
  try {
    return new Uint8Array(Buffer.concat(new Scanner(file, location).message('model', 0, bytes, 0)));
  } finally {
    closeSync(file);
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

/** A length-delimited field. */
function field(number: number, content: Buffer[]): Buffer[] {
  const length = content.reduce((n, part) => n + part.length, 0);
  return [varint(number * 8 + 2), varint(length), ...content];
}

class Scanner {
  private window: Buffer = Buffer.alloc(0);
  private start = 0;
  private fields = 0;

  constructor(
    private readonly file: number,
    private readonly location: string,
  ) {}

  /** The message between two positions of the file, rewritten. */
  message(kind: Message, from: number, to: number, depth: number): Buffer[] {
    if (depth > MAX_DEPTH) throw this.broken(from);
    const parts: Buffer[] = [];
    for (let at = from; at < to;) {
      const begin = at;
      if (++this.fields > MOST_FIELDS) throw this.unreadable(`it has more than ${MOST_FIELDS} parts`);
      const tag = this.varint(at);
      at = tag.end;
      const number = Math.floor(tag.value / 8);
      const type = tag.value % 8;
      if (type !== 2) {
        at = type === 0 ? this.varint(at).end : at + (type === 1 ? 8 : type === 5 ? 4 : Infinity);
        if (at > to) throw this.broken(begin);
        parts.push(this.copy(begin, at));
        continue;
      }
      const length = this.varint(at);
      const end = length.end + length.value;
      if (end > to) throw this.broken(begin);
      const next = inner[kind][number];
      if (next !== undefined) parts.push(...field(number, this.message(next, length.end, end, depth + 1)));
      else if (kind === 'tensor' && number === RAW_DATA && length.value >= LEAST_SKIPPED) {
        parts.push(...this.reference(length.end, length.value));
      } else parts.push(this.copy(begin, end));
      at = end;
    }
    return parts;
  }

  /** data_location = EXTERNAL, and external_data with the place. */
  private reference(offset: number, length: number): Buffer[] {
    const entry = (key: string, value: string) =>
      field(13, [...field(1, [Buffer.from(key)]), ...field(2, [Buffer.from(value)])]);
    return [
      varint(14 * 8),
      varint(1),
      ...entry('location', this.location),
      ...entry('offset', String(offset)),
      ...entry('length', String(length)),
    ];
  }

  private varint(at: number): { value: number; end: number } {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.byte(at + i);
      value += (byte % 128) * 2 ** (7 * i);
      if (byte < 128) return { value, end: at + i + 1 };
    }
    throw this.broken(at);
  }

  private byte(at: number): number {
    if (at < this.start || at >= this.start + this.window.length) {
      this.window = this.copy(at, at + WINDOW, true);
      this.start = at;
    }
    const byte = this.window[at - this.start];
    if (byte === undefined) throw this.broken(at);
    return byte;
  }

  private copy(from: number, to: number, short = false): Buffer {
    const bytes = Buffer.alloc(to - from);
    const read = readSync(this.file, bytes, 0, bytes.length, from);
    if (read < bytes.length && !short) throw this.broken(from);
    return bytes.subarray(0, read);
  }

  private broken(at: number): EngineError {
    return this.unreadable(`its protobuf encoding breaks off or is damaged at byte ${at}`);
  }

  private unreadable(why: string): EngineError {
    return new EngineError(
      'bad-model',
      `${this.location} is not a readable ONNX model: ${why}.`,
      'Export it again, or check that the download is complete.',
    );
  }
}
