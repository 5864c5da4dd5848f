import { realpath } from 'node:fs/promises';
import { posix, resolve, sep, win32 } from 'node:path';
import { errorText } from '../../shared/engineError';
import { badData } from './badData';

/**
 * The real path of `file`, which a manifest names, and which must lie inside `folder`, also after links are
 * followed: a data set that someone else made reads no other files.
 * @param where what errors call the place that names the file
 * @throws EngineError `bad-data` for an absolute path, for `..`, for a link that leads out, for a missing file
 */
export async function insideFolder(folder: string, file: string, where: string): Promise<string> {
  const shown = JSON.stringify(file);
  const parts = file.split(/[\\/]/);
  if (posix.isAbsolute(file) || win32.isAbsolute(file) || /^[a-z]:/i.test(file) || parts.includes('..'))
    throw badData(
      `${where} names ${shown}, outside its folder.`,
      'Write a path below the folder, without "..".',
    );
  const root = await realpath(folder);
  let path: string;
  try {
    path = await realpath(resolve(root, file));
  } catch (error) {
    throw badData(
      `${where} names ${shown}, which cannot be found: ${errorText(error)}.`,
      'Correct the name or add the file.',
      error,
    );
  }
  if (path !== root && !path.startsWith(root.endsWith(sep) ? root : root + sep))
    throw badData(
      `${where} names ${shown}, a link that leads out of its folder.`,
      'Copy the file into the folder.',
    );
  return path;
}
