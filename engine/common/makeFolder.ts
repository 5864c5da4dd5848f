import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are missing. Node's own recursive way goes round for ever where the system says that there is
 * no such folder of one whose parent is there, as it does of all in `/proc`.
 * @throws Error as the system tells it
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = resolve(path); (await stat(at).catch(() => null)) === null; at = dirname(at))
    missing.unshift(at);
  for (const folder of missing)
    await mkdir(folder).catch((thrown: unknown) => {
      // Another process was first.
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    });
}
