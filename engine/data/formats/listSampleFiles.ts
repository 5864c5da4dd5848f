import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { walkFolder } from '../../shared/node/walkFolder';
import { badData } from '../samples/badData';
import type { SampleFile } from './fileSamples';
import { insideFolder } from '../samples/resolveInside';

interface Listing {
  /** Folder below `root` that is listed, empty or with `/` at its end; `root` itself when left out. */
  below?: string;
  /** Folders deep; four when left out. */
  depth?: number;
  /** What errors call the place that names the files; `root` when left out. */
  where?: string;
}

/**
 * The sample files of a folder and of its subfolders, four deep; links to folders are not followed, links to files only inside
 * `root`. Files of one folder are in the order of their names. Subfolders, which often are classes, take turns by two files: so
 * the first few samples show many classes, and so do every second ones.
 * @param pattern of a sample's name
 * @returns the files, named from the folder that is listed
 * @throws EngineError `bad-data` as {@link walkFolder} does, and for links that lead out of `root`
 */
export async function listSampleFiles(
  root: string,
  pattern: RegExp,
  { below = '', depth, where = root }: Listing = {},
): Promise<SampleFile[]> {
  const groups: SampleFile[][] = [];
  const folder = below === '' ? root : await insideFolder(root, below, where);
  for await (const { prefix, entries } of walkFolder(folder, depth)) {
    const group: SampleFile[] = [];
    for (const entry of entries) {
      if (!pattern.test(entry.name) || !(entry.isFile() || entry.isSymbolicLink())) continue;
      const name = prefix + entry.name;
      const path = entry.isFile() ? join(folder, name) : await insideFolder(root, below + name, where);
      if (!entry.isFile() && !(await stat(path)).isFile()) continue;
      if (name.includes('\uFFFD')) await checkName(path, name, where);
      group.push({ name, path, truth: null });
    }
    if (group.length > 0) groups.push(group);
  }
  return inTurns(groups);
}

/** Node puts U+FFFD where a name is no UTF-8, and then finds no such file. */
async function checkName(path: string, name: string, where: string): Promise<void> {
  await access(path).catch((error: unknown) => {
    throw badData(`${where} holds a file whose name is no UTF-8: ${name}.`, 'Rename it.', error);
  });
}

function inTurns(groups: readonly SampleFile[][]): SampleFile[] {
  const longest = groups.reduce((most, group) => Math.max(most, group.length), 0);
  const files: SampleFile[] = [];
  for (let start = 0; start < longest; start += 2)
    for (const group of groups) files.push(...group.slice(start, start + 2));
  return files;
}
