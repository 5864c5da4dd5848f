import type { SampleSource } from '../data/samples/dataset';
import { throwIfCancelled, unlessCancelled } from '../common/cancellation';
import type { LatencySpread } from '../shared/protocol/report';
import type { Session } from '../runtime/runtimeWorker';
import { NORMAL_95 } from '../shared/confidence';

/** Each model runs so many times at least; the first round warms up and is not counted. */
export const LEAST_ROUNDS = 21;
/** A fast model's single run says little: rounds go on until all models together took so long each, in milliseconds. */
const TIME_EACH = 400;
const MOST_ROUNDS = 301;

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
  onRound?: () => void,
): Promise<Latency[]> {
  const times = sessions.map((): number[] => []);
  let spent = 0;
  const isEnough = (rounds: number) =>
    rounds > LEAST_ROUNDS && (rounds > MOST_ROUNDS || spent > TIME_EACH * sessions.length);
  for (let round = 0; !isEnough(round); round++) {
    const { feeds, sequence } = await unlessCancelled(samples.load(round % samples.length), signal);
    for (const [i, session] of sessions.entries()) {
      throwIfCancelled(signal);
      const { milliseconds } = await session.run(feeds, outputs, sequence);
      spent += milliseconds;
      if (round > 0) times[i]?.push(milliseconds);
    }
    onRound?.();
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
  return spreadOf(ratios(first, second));
}

/**
 * Whether the second model is faster by a share of the time, and surely faster at all: by the interval of 95% of the median
 * of their rounds side by side, which the order of these gives whatever their distribution.
 */
export function isFaster(first: Latency, second: Latency, least: number): boolean {
  const gains = ratios(first, second).sort((a, b) => a - b);
  const middle = gains.length / 2;
  const low = gains[Math.max(0, Math.floor(middle - (NORMAL_95 / 2) * Math.sqrt(gains.length)))] ?? 0;
  return low > 1 && speedup(first, second).median > 1 + least;
}

function ratios(first: Latency, second: Latency): number[] {
  return first.rounds.map((ms, i) => ms / (second.rounds[i] ?? ms));
}
