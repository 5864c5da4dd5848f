import { crc32, deflateRawSync } from 'node:zlib';

/** One file of a zip, and what is said of it beside the truth. */
export interface ZipEntry {
  name: string;
  content: Uint8Array;
  /** 0 stored, 8 deflated; others are deflated too. */
  method?: number;
  /** Sizes stand as 64 bits in an extra field, and 0xFFFFFFFF where they usually are. */
  zip64?: boolean;
  /** Sizes and check sum stand behind the data, and in the directory. */
  descriptor?: boolean;
  encrypted?: boolean;
  /** Bytes that it is said to unpack to. */
  size?: number;
  crc?: number;
}

function numbers(...fields: [bytes: 2 | 4 | 8, value: number][]): Buffer {
  return Buffer.concat(
    fields.map(([bytes, value]) => {
      const field = Buffer.alloc(bytes);
      if (bytes === 8) field.writeBigUInt64LE(BigInt(value));
      else field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}

/** The bytes of a zip file (APPNOTE.TXT, 4.3) as no program writes it. */
export function zipBytes(entries: readonly ZipEntry[]): Uint8Array {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, method = 8, zip64 = false, ...rest } of entries) {
    const packed = method === 0 ? Buffer.from(content) : deflateRawSync(content);
    const size = rest.size ?? content.length;
    const crc = rest.crc ?? crc32(content);
    const flags = (rest.encrypted === true ? 1 : 0) + (rest.descriptor === true ? 8 : 0);
    const extra = zip64 ? numbers([2, 1], [2, 16], [8, size], [8, packed.length]) : Buffer.alloc(0);
    const shown: [4, number][] = zip64
      ? [
          [4, 0xffffffff],
          [4, 0xffffffff],
        ]
      : [
          [4, packed.length],
          [4, size],
        ];
    const later = rest.descriptor === true;
    const common = (sizes: [4, number][], sum: number) =>
      numbers(
        ...([[2, flags], [2, method], [4, 0], [4, sum], ...sizes, [2, name.length], [2, extra.length]] as [
          2 | 4,
          number,
        ][]),
      );
    const none: [4, number][] = [
      [4, 0],
      [4, 0],
    ];
    const file = Buffer.concat([
      numbers([4, 0x04034b50], [2, 45]),
      common(later && !zip64 ? none : shown, later ? 0 : crc),
      Buffer.from(name),
      extra,
      packed,
      later ? numbers([4, 0x08074b50], [4, crc], [4, packed.length], [4, size % 2 ** 32]) : Buffer.alloc(0),
    ]);
    files.push(file);
    directory.push(
      numbers([4, 0x02014b50], [2, 45], [2, 45]),
      common(shown, crc),
      numbers([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]),
      Buffer.from(name),
      extra,
    );
    offset += file.length;
  }
  const central = Buffer.concat(directory);
  const count = entries.length;
  const end = numbers(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, central.length],
    [4, offset],
    [2, 0],
  );
  return new Uint8Array(Buffer.concat([...files, central, end]));
}
