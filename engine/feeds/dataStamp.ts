import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What tells one state of a data source on disk from another: how many files it has, how large they are together, and
 * when the last of them changed. A folder counts with all it holds, so that a sample overwritten in place is seen.
 */
export async function dataStamp(data: string): Promise<string> {
  const inside = await readdir(data, { recursive: true }).catch((): string[] => []);
  let [bytes, changed] = [0, 0];
  for (const path of [data, ...inside.map((name) => join(data, name))]) {
    const found = await stat(path).catch(() => null);
    bytes += found?.size ?? 0;
    changed = Math.max(changed, found?.mtimeMs ?? 0);
  }
  return `${inside.length} ${bytes} ${changed}`;
}
