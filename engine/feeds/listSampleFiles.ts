import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { badData } from './badData';
import type { SampleFile } from './fileSamples';
import { insideFolder } from './insideFolder';

const MAX_DEPTH = 4;
const MAX_FILES = 100_000;

/**
 * The sample files of a folder and of its subfolders, four deep; links to folders are not followed. Files of one
 * folder are in the order of their names. Subfolders, which often are classes, take turns by two files: so the first few
 * samples show many classes, and so do every second ones.
 * @param pattern of a sample's name
 * @throws EngineError `bad-data` for more than 100,000 files, and for links that lead out of the folder
 */
export async function listSampleFiles(folder: string, pattern: RegExp): Promise<SampleFile[]> {
  const groups: SampleFile[][] = [];
  let count = 0;
  let level = [''];
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const prefix of level) {
      const group: SampleFile[] = [];
      const entries = await readdir(join(folder, prefix), { withFileTypes: true });
      count += entries.length;
      if (count > MAX_FILES)
        throw badData(`${folder} holds more than ${MAX_FILES} files.`, 'A few hundred samples are enough.');
      for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const name = prefix + entry.name;
        if (entry.isDirectory() && !entry.name.startsWith('.')) next.push(`${name}/`);
        else if (pattern.test(entry.name) && (entry.isFile() || entry.isSymbolicLink())) {
          const path = entry.isFile() ? join(folder, name) : await insideFolder(folder, name, folder);
          group.push({ name, path, truth: null });
        }
      }
      if (group.length > 0) groups.push(group);
    }
    level = next;
  }
  return inTurns(groups);
}

function inTurns(groups: readonly SampleFile[][]): SampleFile[] {
  const longest = groups.reduce((most, group) => Math.max(most, group.length), 0);
  const files: SampleFile[] = [];
  for (let start = 0; start < longest; start += 2)
    for (const group of groups) files.push(...group.slice(start, start + 2));
  return files;
}
