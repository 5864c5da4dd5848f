import { join } from 'node:path';
import { cacheFolder } from '../../common/cacheFolder';
import { makeFolder } from '../../common/makeFolder';
import { writeFileAtomically } from '../../shared/node/writeFile';
import { parseJson } from '../../shared/parseJson';
import { readRegularFile } from '../../common/readRegularFile';

const MAX_BYTES = 2 ** 28;

/** Reads the JSON that was kept under a name; `null` when nothing was or it is damaged: then the work has to be done again. */
export async function readEntry(name: string): Promise<unknown> {
  try {
    const bytes = await readRegularFile(join(cacheFolder(), `${name}.json`), MAX_BYTES);
    return parseJson(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** Keeps JSON under a name if it can: a full disk or a closed folder must not cost what was worked out. */
export async function writeEntry(name: string, value: unknown): Promise<void> {
  try {
    await makeFolder(cacheFolder());
    await writeFileAtomically(join(cacheFolder(), `${name}.json`), JSON.stringify(value));
  } catch {
    // Then the next one has to be worked out again.
  }
}
