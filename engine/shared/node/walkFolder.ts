import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, errorText } from '../engineError';

/** How deep below a folder its samples may lie. */
const MAX_DEPTH = 4;
/** A disk or a home folder that was chosen by mistake must not be read whole. */
export const MAX_ENTRIES = 100_000;
const REPLACED = '\uFFFD';

/** One folder on the way: the path to it from where the walk began, empty or with `/` at its end, and what lies in it. */
export interface WalkedFolder {
  prefix: string;
  entries: Dirent[];
}

/**
 * The entries of a folder and of those in it, level by level and sorted by name. Links are listed and never followed, nor are
 * folders whose names begin with a dot. What goes while it is listed is left out.
 * @param depth of the folders below it that are listed, too
 * @throws EngineError `bad-data` after 100,000 entries, for folders that are closed, and for those whose names are no UTF-8
 */
export async function* walkFolder(folder: string, depth = MAX_DEPTH): AsyncGenerator<WalkedFolder> {
  let left = MAX_ENTRIES;
  let level = [''];
  for (let at = 0; at <= depth && level.length > 0; at++) {
    const next: string[] = [];
    for (const prefix of level) {
      const entries = await entriesOf(folder, prefix, left);
      left -= entries.length;
      if (left < 0)
        throw refuse(`${folder} holds more than ${MAX_ENTRIES} files.`, 'A few hundred samples are enough.');
      entries.sort((a, b) => (a.name < b.name ? -1 : 1));
      yield { prefix, entries };
      for (const entry of entries)
        if (entry.isDirectory() && !entry.name.startsWith('.')) next.push(`${prefix}${entry.name}/`);
    }
    level = next;
  }
}

/** Names of the files and folders in a folder; of more than 100,000, some. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await listed(folder, MAX_ENTRIES)).map(({ name }) => name);
}

/** Up to one more than `most`. */
async function listed(folder: string, most: number): Promise<Dirent[]> {
  const entries: Dirent[] = [];
  for await (const entry of await opendir(folder, { bufferSize: 1024 })) {
    entries.push(entry);
    if (entries.length > most) break;
  }
  return entries;
}

async function entriesOf(folder: string, prefix: string, most: number): Promise<Dirent[]> {
  try {
    return await listed(join(folder, prefix), most);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    const isGone = code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH';
    if (isGone && prefix.includes(REPLACED))
      throw refuse(`${folder} holds a folder whose name is no UTF-8: ${prefix}.`, 'Rename it.');
    if (isGone && prefix !== '') return [];
    throw refuse(
      prefix === ''
        ? `${folder} cannot be listed: ${errorText(thrown)}.`
        : `${folder} holds ${prefix}, which cannot be listed: ${errorText(thrown)}.`,
      'Name a folder that holds the samples alone.',
    );
  }
}

function refuse(message: string, hint: string): EngineError {
  return new EngineError('bad-data', message, hint);
}
