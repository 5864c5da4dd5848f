import { endAtOnce, endWithoutWaiting } from '../common/endAtOnce';

/** How often the client is looked for. */
const LOOK_MS = 500;

/**
 * Ends the engine's process with its client: at a signal, and when the channel closes that it is spoken to over. (The language
 * server ends it when stdin closes.) Whatever its threads are at does not keep it.
 */
export function endWithClient(): void {
  endWithoutWaiting();
  for (const [signal, code] of [
    ['SIGINT', 130] as const,
    ['SIGTERM', 143] as const,
    ['SIGHUP', 129] as const,
  ])
    process.on(signal, () => endAtOnce(code));
  if (!process.argv.includes('--node-ipc')) return;
  process.on('disconnect', () => process.exit(1));
  // It may have gone before this was listened to.
  if (!process.connected) process.exit(1);
}

/**
 * Ends this process when the client's is gone, should what it is spoken to over stay open: another process may hold it too.
 * @param client its process, as `initialize` tells; `null` where it tells none
 */
export function watchClient(client: number | null): void {
  if (client === null) return;
  setInterval(() => {
    if (!isAlive(client)) process.exit(1);
  }, LOOK_MS).unref();
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (thrown) {
    // Of another user, it may not be signalled, and is there.
    return (thrown as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
