import type { FileHandle } from 'node:fs/promises';
import { EngineError, errorText } from '../../shared/engineError';
import { openRegularFile, readRegularFile, UnreadableFile } from '../../common/readRegularFile';
import { badData } from './badData';

/**
 * A whole file that is not larger than `limit` bytes.
 * @throws EngineError `not-found` when there is none, `bad-data` when it is too large or no file
 */
export async function readBounded(
  path: string,
  limit: number,
  label: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return readRegularFile(path, limit).catch((error: unknown) => {
    throw refused(error, label);
  });
}

/** Opens such a file, to read parts of it; whoever asks closes it. */
export async function openBounded(path: string, limit: number, label: string): Promise<FileHandle> {
  return openRegularFile(path, limit).catch((error: unknown) => {
    throw refused(error, label);
  });
}

function refused(error: unknown, label: string): EngineError {
  if (error instanceof UnreadableFile) return badData(`${label} ${error.message}.`, error.hint);
  const message = `${label} cannot be opened: ${errorText(error)}.`;
  return new EngineError('not-found', message, 'Check the path.', { cause: error });
}
