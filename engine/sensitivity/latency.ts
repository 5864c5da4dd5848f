import type { SampleSource } from '../feeds/dataset';
import { throwIfCancelled, unlessCancelled } from '../engineError';
import type { LatencySpread } from '../protocol';
import type { Session } from '../runtime/runtimeWorker';

/** Each model runs so many times; the first round warms up and is not counted. */
const ROUNDS = 21;

/** Times of one model. */
export interface Latency extends LatencySpread {
  median: number;
  /** By round, so that models can be compared within each. */
  rounds: number[];
}

/**
 * Milliseconds of one sample on one thread for each session: the median and the quartiles. The models take turns on the
 * same samples, so that whatever else the machine does falls on all of them alike.
 */
export async function measureLatencies(
  sessions: readonly Session[],
  outputs: string[],
  samples: SampleSource,
  signal?: AbortSignal,
): Promise<Latency[]> {
  const times = sessions.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    const { feeds, sequence } = await unlessCancelled(samples.load(round % samples.length), signal);
    for (const [i, session] of sessions.entries()) {
      throwIfCancelled(signal);
      const { milliseconds } = await session.run(feeds, outputs, sequence);
      if (round > 0) times[i]?.push(milliseconds);
    }
  }
  return times.map((rounds) => ({ ...spreadOf(rounds), rounds }));
}

/** Median and quartiles of a list. */
export function spreadOf(values: readonly number[]): Omit<Latency, 'rounds'> {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

/** How many times faster the second model is than the first, by the rounds that they ran side by side. */
export function speedup(first: Latency, second: Latency): Omit<Latency, 'rounds'> {
  return spreadOf(first.rounds.map((ms, i) => ms / (second.rounds[i] ?? ms)));
}
