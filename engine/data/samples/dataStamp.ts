import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dataFiles } from '../openDataset';

/** Files that are asked about at a time. */
const AT_ONCE = 64;

/**
 * What tells one state of a data source on disk from another: how many files are read of it, how large they are together, and a
 * digest of their names, sizes and times of change. Exactly those files count that a run would read, so that a sample overwritten in
 * place is seen, and a folder that no run would read whole is not read whole either. What cannot be opened as data has none.
 */
export async function dataStamp(data: string): Promise<string> {
  const files = await dataFiles(data).catch((): string[] => []);
  const hash = createHash('sha256');
  let [count, bytes] = [0, 0];
  for (let start = 0; start < files.length; start += AT_ONCE) {
    const some = files.slice(start, start + AT_ONCE);
    const found = await Promise.all(some.map((path) => stat(path).catch(() => null)));
    for (const [i, one] of found.entries()) {
      if (one === null) continue;
      count++;
      bytes += one.size;
      hash.update(JSON.stringify([some[i], one.size, one.mtimeMs]));
    }
  }
  return `${count} ${bytes} ${count === 0 ? 0 : hash.digest('hex').slice(0, 16)}`;
}
