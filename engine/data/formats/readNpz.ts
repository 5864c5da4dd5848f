import type { FileHandle } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import { fromFdPromise, getFileNameLowLevel, type Entry, type ZipFile } from 'yauzl';
import { EngineError, errorText } from '../../shared/engineError';
import { badData } from '../samples/badData';
import type { Tensor } from '../samples/dataset';
import { parseNpy } from './parseNpy';
import { openBounded } from '../samples/readBounded';

const MAX_UNPACKED_BYTES = 2 ** 32;
/** Deflate packs at most 258 bytes into two bits. */
const MAX_RATIO = 1032;
/** Far more than any model has inputs. */
const MAX_ARRAYS = 10_000;
/** How numpy.savez and numpy.savez_compressed keep arrays. */
const [STORED, DEFLATED] = [0, 8];
const ENDING = '.npy';

export interface NpzArrays {
  /** The names of all arrays in the file. */
  names: string[];
  /** Those that were wanted and are there. */
  arrays: Map<string, Tensor>;
}

/**
 * Reads the arrays called `wanted` of an `.npz` file; the others stay packed. `label` is what errors call the file. What the file says
 * of sizes, in 32 or 64 bits, is held against the limit first, and then against what comes out.
 * @throws EngineError `not-found` or `bad-data`: no zip, damaged, or more than 4 GiB when unpacked
 */
export async function readNpz(path: string, wanted: readonly string[], label = path): Promise<NpzArrays> {
  const file = await openBounded(path, Infinity, label);
  try {
    return await readArrays(file, new Set(wanted), label);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw badData(
      `${label} cannot be read as an npz file: ${errorText(error)}.`,
      'Write it with numpy.savez; if it was downloaded or copied, it may be cut off.',
      error,
    );
  } finally {
    await file.close();
  }
}

async function readArrays(file: FileHandle, wanted: ReadonlySet<string>, label: string): Promise<NpzArrays> {
  // Arrays may be called as no file could be, so the names are not checked as paths.
  const zip = await fromFdPromise(file.fd, { autoClose: false, lazyEntries: true, decodeStrings: false });
  if (zip.entryCount > MAX_ARRAYS)
    throw badData(`${label} holds ${zip.entryCount} files.`, `Store at most ${MAX_ARRAYS} arrays.`);
  const names: string[] = [];
  const found = new Map<string, Entry>();
  let unpacked = 0;
  for await (const entry of zip.eachEntry()) {
    const fileName = nameOf(entry);
    if (!fileName.endsWith(ENDING)) continue;
    const name = fileName.slice(0, -ENDING.length);
    names.push(name);
    if (!wanted.has(name)) continue;
    if (found.has(name)) throw badData(`${label} holds two arrays "${name}".`, 'Write it with numpy.savez.');
    unpacked += entry.uncompressedSize;
    checkEntry(entry, unpacked, `${label}: "${name}"`);
    found.set(name, entry);
  }
  const arrays = new Map<string, Tensor>();
  for (const [name, entry] of found)
    arrays.set(name, parseNpy(await unpack(zip, entry), `${label}: array "${name}"`));
  return { names, arrays };
}

function nameOf({ generalPurposeBitFlag, fileNameRaw, extraFields }: Entry): string {
  // Code page 437 has pictures where ASCII has control characters, and numpy reads characters.
  const isAscii = fileNameRaw.every((byte) => byte < 0x80);
  return isAscii
    ? fileNameRaw.toString('latin1')
    : getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, true);
}

/** Refuses what cannot be unpacked, by what the file says of it; `unpacked` bytes are in all that is read so far. */
function checkEntry(entry: Entry, unpacked: number, where: string): void {
  const { compressionMethod, compressedSize, uncompressedSize } = entry;
  if (entry.isEncrypted()) throw badData(`${where} is encrypted.`, 'Write it with numpy.savez.');
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED)
    throw badData(
      `${where} is compressed by method ${compressionMethod}, which is not known.`,
      'Write it with numpy.savez or numpy.savez_compressed.',
    );
  if (unpacked > MAX_UNPACKED_BYTES || uncompressedSize > (compressedSize + 64) * MAX_RATIO)
    throw badData(
      `${where} claims to hold ${uncompressedSize} bytes; ${MAX_UNPACKED_BYTES} in all are the limit.`,
      'Use fewer samples: a few hundred are enough.',
    );
}

/** @throws Error where there comes more or less than the file says, or something else */
async function unpack(zip: ZipFile, entry: Entry): Promise<Uint8Array> {
  const bytes = new Uint8Array(entry.uncompressedSize);
  // From Node 20.15 and 22.2 on.
  const { crc32 } = zlib as Partial<typeof zlib>;
  let [done, checkSum] = [0, 0];
  for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
    if (done + chunk.length > bytes.length) throw new Error('an array is longer than the file says');
    bytes.set(chunk, done);
    done += chunk.length;
    checkSum = crc32?.(chunk, checkSum) ?? 0;
  }
  if (done < bytes.length) throw new Error('an array is shorter than the file says');
  if (crc32 !== undefined && checkSum !== entry.crc32) throw new Error('an array is damaged');
  return bytes;
}
