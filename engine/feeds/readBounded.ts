import { EngineError, errorText } from '../engineError';
import { readRegularFile, UnreadableFile } from '../readRegularFile';
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
  try {
    return await readRegularFile(path, limit);
  } catch (error) {
    if (error instanceof UnreadableFile) throw badData(`${label} ${error.message}.`, error.hint);
    throw new EngineError('not-found', `${label} cannot be opened: ${errorText(error)}.`, 'Check the path.', {
      cause: error,
    });
  }
}
