import { hasRunningCalls } from './runningCalls';
import { removeUnfinishedParts } from '../shared/node/partFile';

/** Exit codes by which shells tell that a signal ended a program. */
const SIGNALS: Readonly<Record<number, NodeJS.Signals>> = {
  129: 'SIGHUP',
  130: 'SIGINT',
  141: 'SIGPIPE',
  143: 'SIGTERM',
};

/** How long the system may take to deliver a signal. */
const DELIVERY_MS = 1000;

/**
 * Ends this process now, whatever its threads are at; what is unfinished of its files is removed. Node's own end waits for threads in
 * native code, and C's own (which `process.exit` and WASI come to) takes from them what they compute with, so that they crash. Only a signal ends all
 * threads at one moment: for 129, 130, 141 and 143 it is the one that shells tell by that code, else SIGKILL.
 */
export function endAtOnce(code: number): void {
  removeUnfinishedParts();
  const signal = SIGNALS[code];
  if (signal !== undefined && process.platform !== 'win32') {
    // Without a listener, the system's own answer to it is back: the end. Node itself ignores SIGPIPE until one was there.
    process.once(signal, () => undefined);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DELIVERY_MS);
  }
  process.kill(process.pid, 'SIGKILL');
}

/** Makes any end of this process remove what is unfinished, and go by {@link endAtOnce} while a thread is in native code. */
export function endWithoutWaiting(): void {
  process.on('exit', (code) => {
    if (hasRunningCalls()) endAtOnce(code);
    else removeUnfinishedParts();
  });
}
