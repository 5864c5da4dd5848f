import { EngineError } from '../shared/engineError';

/** What `work` answers, unless it is cancelled before: then the work goes on alone, and nobody hears of it. */
export async function unlessCancelled<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  throwIfCancelled(signal);
  let stop = (): void => undefined;
  const cancelled = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop);
  });
  try {
    const result = await Promise.race([work.then((value) => ({ value })), cancelled]);
    if (result !== undefined) return result.value;
    throwIfCancelled(signal);
    return await work;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Throws the error that ends cancelled work. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new EngineError('cancelled', 'Cancelled.', '');
}
