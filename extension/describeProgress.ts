import type { Progress } from '../engine/protocol';

/** `Measuring each layer: 12 of 63, 40 s left`. */
export function describeProgress({ title, done, total, secondsLeft }: Progress): string {
  const count = total > 1 ? `: ${done} of ${total}` : '';
  return `${title}${count}${secondsLeft === null ? '' : `, ${describeSeconds(secondsLeft)} left`}`;
}

function describeSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.round(whole / 60)} min`;
}
