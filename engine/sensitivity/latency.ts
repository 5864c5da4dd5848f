import type { SampleSource } from '../feeds/dataset';
import { throwIfCancelled, unlessCancelled } from '../engineError';
import type { Session } from '../runtime/runtimeWorker';

/** Each model runs so many times; the first round warms up and is not counted. */
const ROUNDS = 15;

/**
 * Median milliseconds of one sample on one thread for each session. The models take turns on the same samples,
 * so that whatever else the machine does falls on all of them alike.
 */
export async function medianLatencies(
  sessions: readonly Session[],
  outputs: string[],
  samples: SampleSource,
  signal?: AbortSignal,
): Promise<number[]> {
  const times = sessions.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    const { feeds, sequence } = await unlessCancelled(samples.load(round % samples.length), signal);
    for (const [i, session] of sessions.entries()) {
      throwIfCancelled(signal);
      const { milliseconds } = await session.run(feeds, outputs, sequence);
      if (round > 0) times[i]?.push(milliseconds);
    }
  }
  return times.map((list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0);
}
