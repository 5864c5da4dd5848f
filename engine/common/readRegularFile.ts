import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';

/** Why a file was not read: `message` is what follows its name, `is not a file`; `hint` says the way out. */
export class UnreadableFile extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/**
 * The bytes of a file. Pipes, devices and sockets, which may never end or never begin, are not opened.
 * @param limit of bytes
 * @throws UnreadableFile for what is no file or is larger; what the system throws where it refuses
 */
export async function readRegularFile(path: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = await openRegularFile(path, limit);
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(Math.min(size, limit));
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await file.read(bytes, done, Math.min(bytes.length - done, 2 ** 30), done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done === bytes.length ? bytes : bytes.slice(0, done);
  } finally {
    await file.close();
  }
}

/** Opens a file to read it; as {@link readRegularFile}. */
export async function openRegularFile(path: string, limit: number): Promise<FileHandle> {
  // Before it is opened, too: opening a device may do something.
  checkSize(await stat(path), limit);
  // Should it have become a pipe in between, opening does not wait for its other end. Windows has no such flag.
  const flags = constants as Partial<typeof constants>;
  const file = await open(path, constants.O_RDONLY | (flags.O_NONBLOCK ?? 0));
  try {
    checkSize(await file.stat(), limit);
    return file;
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

function checkSize(found: { isFile: () => boolean; size: number }, limit: number): void {
  if (!found.isFile()) throw new UnreadableFile('is not a file', 'Name a file.');
  if (found.size > limit)
    throw new UnreadableFile(`has ${found.size} bytes; at most ${limit} can be read`, 'Use a smaller file.');
}
