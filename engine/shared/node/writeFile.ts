import { constants, writeFile as writeDescriptor, type Stats } from 'node:fs';
import { open, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorText } from '../engineError';
import { cannotWrite, outputTarget, type OutputTarget } from './outputTarget';
import { finished, newPart, removeLeftParts } from './partFile';

type FileTarget = Extract<OutputTarget, { kind: 'file' }>;
type StreamTarget = Extract<OutputTarget, { kind: 'stream' }>;

/**
 * The file that an output's path leads to, whose place a complete one can take.
 * @throws EngineError `write-failed` also for a device or a pipe, which stays what it is
 */
export async function fileTarget(path: string): Promise<FileTarget> {
  const target = await outputTarget(path);
  if (target.kind === 'file') return target;
  throw cannotWrite(path, 'it is a device or a pipe, and no file');
}

/**
 * Writes bytes so that the target is either complete or as it was before. A link stays, and what it leads to is replaced; a file
 * that was there keeps its mode, and its owner where the system allows it.
 * @throws EngineError `write-failed`
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  await replace(path, await fileTarget(path), bytes);
}

/**
 * The same for what may be streamed as well: to `/dev/stdout`, a device or a FIFO, which takes the bytes and stays.
 * @throws EngineError `write-failed`
 */
export async function writeOutput(path: string, bytes: Uint8Array | string): Promise<void> {
  const target = await outputTarget(path);
  if (target.kind === 'file') return replace(path, target, bytes);
  try {
    await stream(target, bytes);
  } catch (thrown) {
    throw cannotWrite(path, errorText(thrown), thrown);
  }
}

async function replace(path: string, target: FileTarget, bytes: Uint8Array | string): Promise<void> {
  await removeLeftParts(target.path);
  const part = newPart(target.path);
  try {
    const file = await openPart(part, target.before);
    try {
      await file.writeFile(bytes);
      await finishPart(file, target.before);
    } finally {
      await file.close();
    }
    await rename(part, target.path);
  } catch (thrown) {
    await rm(part, { force: true }).catch(() => undefined);
    throw cannotWrite(path, errorText(thrown), thrown);
  } finally {
    finished(part);
  }
}

/** Opens a new part. One that takes the place of a file is its owner's alone until it is finished. */
export function openPart(part: string, before: Stats | null): Promise<FileHandle> {
  return open(part, 'wx', before === null ? 0o666 : 0o600);
}

/** Gives a part the mode and the owner of the file that was there, and has the system write it out. */
export async function finishPart(file: FileHandle, before: Stats | null): Promise<void> {
  if (before !== null) {
    const { uid, gid } = await file.stat();
    const isSame = uid === before.uid && gid === before.gid;
    // Only the superuser may give files away; a group that one belongs to may be chosen.
    const isOwned = isSame || (await isDone(file.chown(before.uid, before.gid)));
    if (!isOwned) await isDone(file.chown(uid, before.gid));
    await file.chmod(before.mode & (isOwned ? 0o7777 : 0o777));
  }
  await file.sync();
}

async function isDone(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

async function stream({ path, descriptor }: StreamTarget, bytes: Uint8Array | string): Promise<void> {
  const standard = descriptor === 1 ? process.stdout : descriptor === 2 ? process.stderr : null;
  if (standard !== null)
    return new Promise((resolve, reject) => {
      standard.write(bytes, (error) => (error == null ? resolve() : reject(error)));
    });
  if (descriptor !== null) return promisify(writeDescriptor)(descriptor, bytes);
  // Never made: what was a FIFO when it was looked at and is gone is no file to make.
  return writeFile(path, bytes, { flag: constants.O_WRONLY });
}
