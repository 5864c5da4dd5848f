import { readFile, stat } from 'node:fs/promises';
import { EngineError, errorText } from '../engineError';
import { badData } from './badData';

/**
 * A whole file that is not larger than `limit` bytes.
 * @throws EngineError `not-found` when there is none, `bad-data` when it is too large or no file
 */
export async function readBounded(path: string, limit: number, label: string): Promise<Uint8Array> {
  let size: number;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw badData(`${label} is not a file.`, 'Name a file.');
    size = found.size;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('not-found', `${label} cannot be opened: ${errorText(error)}.`, 'Check the path.', {
      cause: error,
    });
  }
  if (size > limit)
    throw badData(`${label} has ${size} bytes; at most ${limit} can be read.`, 'Use a smaller file.');
  return readFile(path);
}
