import { constants, type Stats } from 'node:fs';
import { access, lstat, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { EngineError, errorText } from '../engineError';
import { PART_NAME_LENGTH } from './partFile';

/** More than any system follows. */
const MOST_LINKS = 40;

/** Where the bytes of an output go. */
export type OutputTarget =
  /** A file, by its own path: links on the way to it were followed. `before` is the file that is there. */
  | { kind: 'file'; path: string; before: Stats | null }
  /** A device, a FIFO, or what this process has open as `descriptor`: it is written to, and never replaced. */
  | { kind: 'stream'; path: string; descriptor: number | null };

/** The error for a file that could not be written. */
export function cannotWrite(path: string, why: string, cause?: unknown): EngineError {
  const isTooLong = (cause as NodeJS.ErrnoException | undefined)?.code === 'ENAMETOOLONG';
  const hint = isTooLong
    ? 'Choose a shorter name.'
    : 'Check that the folder exists, is writable and has room.';
  return new EngineError('write-failed', `Cannot write ${path}: ${why}.`, hint, { cause });
}

/** The error for a path that names no place for a file, whatever its folder allows. */
function isNoPlace(path: string, what: string): EngineError {
  return new EngineError('bad-option', `Cannot write ${path}: it is ${what}.`, 'Name a file.');
}

/** The open file of this process that a path is another name of, such as `/dev/stdout`; `null` for any other path. */
function descriptorOf(path: string): number | null {
  if (process.platform === 'win32') return null;
  const standard = ['stdin', 'stdout', 'stderr'].findIndex((name) => path === `/dev/${name}`);
  if (standard >= 0) return standard;
  const own = `(?:self|thread-self|${process.pid})`;
  const found = new RegExp(`^(?:/dev/fd|/proc/${own}(?:/task/\\d+)?/fd)/(\\d+)$`).exec(path)?.[1];
  return found === undefined ? null : Number(found);
}

/** As Windows names consoles, pipes and `NUL`. */
function isWindowsDevice(path: string): boolean {
  return process.platform === 'win32' && path.startsWith('\\\\.\\');
}

/**
 * Follows the links of an output's path to where its bytes go.
 * @throws EngineError `write-failed` when the folder is missing or links lead nowhere, `bad-option` for a folder, a disk or a
 *   socket
 */
export async function outputTarget(path: string): Promise<OutputTarget> {
  let at = resolve(path);
  try {
    for (let links = 0; links < MOST_LINKS; links++) {
      const descriptor = descriptorOf(at);
      if (descriptor !== null || isWindowsDevice(at)) return { kind: 'stream', path: at, descriptor };
      const found = await stat(at).catch(unlessMissing);
      if (found?.isDirectory() === true) throw isNoPlace(path, 'a folder');
      if (found?.isBlockDevice() === true) throw isNoPlace(path, 'a disk');
      if (found?.isSocket() === true) throw isNoPlace(path, 'a socket');
      const own = join(await realpath(dirname(at)), basename(at));
      const isLink = (await lstat(own).catch(unlessMissing))?.isSymbolicLink() === true;
      // A link may be another name of an open file, at the end of several.
      if (isLink) at = resolve(dirname(own), await readlink(own));
      else if (found?.isFile() === false) return { kind: 'stream', path: at, descriptor: null };
      else return { kind: 'file', path: own, before: found };
    }
  } catch (thrown) {
    throw thrown instanceof EngineError ? thrown : cannotWrite(path, errorText(thrown), thrown);
  }
  throw cannotWrite(path, 'too many links lead on from it');
}

function unlessMissing(thrown: unknown): null {
  if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw thrown;
}

/**
 * Finds out early that an output will not be written.
 * @param options `isModel` for what has to be a file: it is read again, and its weights may lie beside it
 * @throws EngineError `write-failed` when its folder is missing or closed, its name is too long;
 *   `bad-option` for a disk or a socket, and for a model that is no file
 */
export async function checkOutput(path: string, { isModel = false } = {}): Promise<OutputTarget> {
  const target = await outputTarget(path);
  if (target.kind === 'file') {
    const folder = dirname(target.path);
    // The part that it is written to first has a name of its own, which may be longer.
    const part = join(folder, 'x'.repeat(PART_NAME_LENGTH));
    try {
      await access(folder, constants.W_OK);
      await lstat(part).catch(unlessMissing);
    } catch (thrown) {
      throw cannotWrite(path, errorText(thrown), thrown);
    }
    return target;
  }
  if (isModel) throw isNoPlace(path, 'a device or a pipe, and a model is a file');
  if (target.descriptor !== null) return target;
  await access(target.path, constants.W_OK).catch((thrown: unknown) => {
    throw cannotWrite(path, errorText(thrown), thrown);
  });
  return target;
}
