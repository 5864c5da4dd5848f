import { watch } from 'node:fs';
import { cacheFolder } from '../../common/cacheFolder';
import { makeFolder } from '../../common/makeFolder';

/** One rename is several events. */
const QUIET_MS = 100;

/**
 * Tells when an analysis or a plan was kept of a model, by this process or by another one: a second window, a terminal. Where the
 * folder cannot be watched nothing is told. It ends with the process, and does not keep it.
 * @param onKept is given {@link ModelSummary.hash}
 * @param onError is told why the folder is not watched
 */
export async function watchKept(
  onKept: (hash: string) => void,
  onError: (thrown: unknown) => void,
): Promise<void> {
  const timers = new Map<string, NodeJS.Timeout>();
  const heed = (file: string | null) => {
    const hash = file === null ? undefined : /^([0-9a-f]+)(?:\.plan)?\.json$/.exec(file)?.[1];
    if (hash === undefined) return;
    clearTimeout(timers.get(hash));
    timers.set(
      hash,
      setTimeout(() => {
        timers.delete(hash);
        onKept(hash);
      }, QUIET_MS),
    );
  };
  try {
    await makeFolder(cacheFolder());
    const watcher = watch(cacheFolder(), { persistent: false }, (_event, file) => heed(file));
    watcher.on('error', onError);
  } catch (thrown) {
    onError(thrown);
  }
}
