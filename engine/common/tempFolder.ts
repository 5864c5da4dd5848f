import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EngineError, errorText } from '../shared/engineError';
import { formatBytes } from '../shared/format';
import { cannotWrite } from '../shared/node/outputTarget';
import { finished, unfinishedAt } from '../shared/node/partFile';

/** Less than this is no room for anything. */
const LEAST_BYTES = 2 ** 20;

/** The variable that names the temporary folder, or could, and whether it does. */
function variable(): { name: string; isSet: boolean } {
  const { TMPDIR, TEMP, TMP } = process.env;
  const known = process.platform === 'win32' ? { TEMP, TMP } : { TMPDIR, TMP, TEMP };
  const found = Object.entries(known).find(([, value]) => (value ?? '') !== '');
  return { name: found?.[0] ?? Object.keys(known)[0] ?? '', isSet: found !== undefined };
}

/** The error for a temporary folder that cannot be used. */
export function cannotUseTemp(why: string, cause?: unknown): EngineError {
  const { name, isSet } = variable();
  const set = isSet ? ` (${name})` : '';
  return new EngineError(
    'write-failed',
    `The temporary folder ${tmpdir()}${set} cannot be used: ${why}.`,
    `Set ${name} to a folder that exists, is writable and has room.`,
    { cause },
  );
}

/** Bytes that can be written to a folder; `null` where its system does not say. */
export async function freeBytes(folder: string): Promise<number | null> {
  const found = await statfs(folder).catch(() => null);
  return found === null || found.blocks === 0 ? null : found.bavail * found.bsize;
}

/**
 * Finds out early that there is no place for temporary files.
 * @param bytes that will be written there at least
 * @throws EngineError `write-failed` that names the folder and its variable
 */
export async function checkTempFolder(bytes: number): Promise<void> {
  const least = Math.max(bytes, LEAST_BYTES);
  await inTempFolder(async (folder) => {
    const free = await freeBytes(folder);
    if (free !== null && free < least) throw cannotUseTemp(noRoom(free, least));
    await probe(folder);
  });
}

/**
 * Finds out early that there is no room for an output.
 * @param bytes that will be written at least
 * @throws EngineError `write-failed`
 */
export async function checkRoom(path: string, bytes: number): Promise<void> {
  const free = await freeBytes(dirname(path));
  if (free !== null && free < bytes) throw cannotWrite(path, noRoom(free, bytes));
}

function noRoom(free: number, least: number): string {
  return `${formatBytes(free)} are free, and at least ${formatBytes(least)} are needed`;
}

/** Writes what has to fit, since limits of a user are told by no figure. */
async function probe(folder: string): Promise<void> {
  await writeFile(join(folder, 'probe'), new Uint8Array(2 ** 16));
}

/**
 * Works in a temporary folder of its own, which is gone afterwards.
 * @throws EngineError `write-failed` that names the temporary folder when there is none, or it is full: what onnxruntime says of
 *   that is the cause; else what `work` throws
 */
export async function inTempFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  let folder: string;
  try {
    folder = await mkdtemp(join(tmpdir(), 'quantscope-'));
  } catch (thrown) {
    throw cannotUseTemp(errorText(thrown), thrown);
  }
  unfinishedAt(folder);
  try {
    return await work(folder);
  } catch (thrown) {
    if (thrown instanceof EngineError && ['write-failed', 'cancelled'].includes(thrown.code)) throw thrown;
    await probe(folder).catch((full: unknown) => {
      throw cannotUseTemp(errorText(full), thrown);
    });
    throw thrown;
  } finally {
    await rm(folder, { recursive: true, force: true });
    finished(folder);
  }
}
