import { formatDuration } from '../../engine/shared/format';
import type { Progress } from '../../engine/shared/protocol/error';

/** `Measuring each layer: 12 of 63, 40 s left`. */
export function describeProgress({ title, done, total, secondsLeft }: Progress): string {
  const count = total > 1 ? `: ${done} of ${total}` : total === 0 && done > 0 ? `: ${done}` : '';
  return `${title}${count}${secondsLeft === null ? '' : `, ${formatDuration(secondsLeft)} left`}`;
}
