import { inflateSync } from 'node:zlib';
import type { ImageHeader } from './imageHeader';

const SIGNATURE_BYTES = 8;
/** Length, type and check sum around a chunk's data. */
const CHUNK_OVERHEAD = 12;
const NEEDED = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);
/** Bytes of a pixel at most: four channels of 16 bits. */
const MAX_PIXEL_BYTES = 8;

/**
 * A PNG without the chunks that its pixels do not need, once its pixels are known to unpack to no more than the
 * header says: the decoder unpacks whatever it is given.
 * @throws Error when a chunk is cut off, RangeError when the pixels unpack to more
 */
export function leanPng(bytes: Uint8Array, { width, height }: ImageHeader): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept = [bytes.subarray(0, SIGNATURE_BYTES)];
  const packed: Uint8Array[] = [];
  let offset = SIGNATURE_BYTES;
  for (let type = ''; type !== 'IEND';) {
    const length = view.getUint32(offset);
    const end = offset + CHUNK_OVERHEAD + length;
    if (end > bytes.length) throw new Error(`the file ends within a chunk at byte ${offset}`);
    type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
    if (NEEDED.has(type)) kept.push(bytes.subarray(offset, end));
    if (type === 'IDAT') packed.push(bytes.subarray(offset + 8, end - 4));
    offset = end;
  }
  // A filter byte leads each row; interlacing makes seven pictures of fewer than twice the rows.
  const maxOutputLength = width * height * MAX_PIXEL_BYTES + 2 * height + 64;
  inflateSync(Buffer.concat(packed), { maxOutputLength });
  return Buffer.concat(kept);
}
