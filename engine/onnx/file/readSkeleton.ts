import { closeSync, openSync, readSync } from 'node:fs';
import { EngineError } from '../../shared/engineError';

/** Where wire fields of messages on the way to weights lie (onnx.proto): message, and what its fields hold. */
type Message = 'model' | 'graph' | 'node' | 'attribute' | 'sparse' | 'function' | 'training' | 'tensor';
const inner: Record<Message, Record<number, Message>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  function: { 7: 'node', 11: 'attribute' },
  training: { 1: 'graph', 2: 'graph' },
  tensor: {},
};
const RAW_DATA = 9;
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;
/** Smaller weights are read at once: they cost less than the note of where they are. */
const LEAST_SKIPPED = 64 * 1024;
const WINDOW = 256 * 1024;
/** Protobuf's own limit. */
const MAX_DEPTH = 100;
/** Far above any real graph; a file of nothing else would take minutes. */
const MOST_FIELDS = 2_000_000;
/** What one protobuf message may have. */
const MOST_KEPT = 2 ** 31 - 1;

/**
 * Reads an ONNX file without its large weights: the result encodes the same model, whose large `raw_data` say instead
 * where in this very file they are (as external data at `location`). Takes memory for all but those weights; the file
 * may be larger than protobuf's 2 GB.
 * @throws EngineError `bad-model` where the encoding breaks off, `unsupported` when more than 2 GB are no weights
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

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((n, part) => n + part.length, 0);
}

/** A length-delimited field. */
function field(number: number, content: readonly Buffer[]): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(lengthOf(content)), ...content]);
}

class Scanner {
  private window: Buffer = Buffer.alloc(0);
  private start = 0;
  private kept = 0;
  private fields = 0;

  constructor(
    private readonly file: number,
    private readonly location: string,
  ) {}

  /** The message between two positions of the file, rewritten. */
  message(kind: Message, from: number, to: number, depth: number): Buffer[] {
    const parts: Buffer[] = [];
    let raw: { begin: number; at: number; end: number } | undefined;
    let external = false;
    // Fields that stay as they are, one after another, are read at once.
    let unread = from;
    const keepUpTo = (position: number) => {
      if (position > unread) parts.push(this.copy(unread, position));
    };
    for (let at = from; at < to;) {
      const begin = at;
      if (++this.fields > MOST_FIELDS) throw this.unreadable(`it has more than ${MOST_FIELDS} parts`);
      const tag = this.varint(at);
      const number = Math.floor(tag.value / 8);
      const type = tag.value % 8;
      external ||= number === EXTERNAL_DATA || number === DATA_LOCATION;
      if (type !== 2) {
        at = type === 0 ? this.varint(tag.end).end : tag.end + (type === 1 ? 8 : type === 5 ? 4 : Infinity);
        if (at > to) throw this.broken(begin);
        continue;
      }
      const length = this.varint(tag.end);
      at = length.end + length.value;
      if (at > to) throw this.broken(begin);
      // Of raw data given twice the last counts.
      if (kind === 'tensor' && number === RAW_DATA) raw = undefined;
      if (length.value < LEAST_SKIPPED) continue;
      const next = inner[kind][number];
      if (next !== undefined && depth < MAX_DEPTH) {
        keepUpTo(begin);
        const content = this.message(next, length.end, at, depth + 1);
        parts.push(varint(tag.value), varint(lengthOf(content)));
        for (const part of content) parts.push(part);
        unread = at;
      } else if (kind === 'tensor' && number === RAW_DATA) {
        keepUpTo(begin);
        raw = { begin, at: length.end, end: at };
        unread = at;
      }
    }
    keepUpTo(to);
    // A tensor that says itself where its data is keeps both.
    if (raw !== undefined && external) parts.push(this.copy(raw.begin, raw.end));
    else if (raw !== undefined) parts.push(this.reference(raw.at, raw.end - raw.at));
    return parts;
  }

  /** data_location = EXTERNAL, and external_data with the place. */
  private reference(offset: number, length: number): Buffer {
    const entry = (key: string, value: string) =>
      field(EXTERNAL_DATA, [field(1, [Buffer.from(key)]), field(2, [Buffer.from(value)])]);
    return Buffer.concat([
      varint(DATA_LOCATION * 8),
      varint(1),
      entry('location', this.location),
      entry('offset', String(offset)),
      entry('length', String(length)),
    ]);
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
      const window = Buffer.alloc(WINDOW);
      this.window = window.subarray(0, readSync(this.file, window, 0, WINDOW, at));
      this.start = at;
    }
    const byte = this.window[at - this.start];
    if (byte === undefined) throw this.broken(at);
    return byte;
  }

  private copy(from: number, to: number): Buffer {
    this.kept += to - from;
    if (this.kept > MOST_KEPT) {
      throw new EngineError(
        'unsupported',
        `${this.location} has more than 2 GB besides the raw data of its weights.`,
        'Save it with its weights as external data (onnx.save with save_as_external_data=True).',
      );
    }
    const bytes = Buffer.alloc(to - from);
    for (let done = 0; done < bytes.length;) {
      const read = readSync(this.file, bytes, done, Math.min(bytes.length - done, 2 ** 30), from + done);
      if (read === 0) throw this.broken(from + done);
      done += read;
    }
    return bytes;
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
