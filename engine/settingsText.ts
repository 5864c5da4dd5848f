import { EngineError } from './engineError';
import type { CalibrationChoice } from './protocol';

/**
 * Reads a calibrator's name: `auto`, `max`, `entropy`, `mse` or `percentile:99.99`.
 * @throws EngineError `bad-option`
 */
export function parseCalibration(text: string): CalibrationChoice {
  if (text === 'auto' || text === 'max' || text === 'entropy' || text === 'mse') return text;
  const percent = Number(/^percentile:(\d+(?:\.\d+)?)$/.exec(text)?.[1]);
  if (percent >= 50 && percent <= 100) return `percentile:${percent}`;
  throw new EngineError(
    'bad-option',
    `There is no calibration "${text}".`,
    'Use max, entropy, mse, auto, or percentile:P with P from 50 to 100.',
  );
}

/**
 * Reads a relative drop: `1%` or `0.01`.
 * @throws EngineError `bad-option` outside 0 … 100%
 */
export function parseTargetDrop(text: string): number {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
  const drop = Number(number) / (percent === '%' ? 100 : 1);
  if (drop > 0 && drop < 1) return drop;
  throw new EngineError('bad-option', `"${text}" is no target drop.`, 'Say 1% or 0.01, between 0 and 100%.');
}

/**
 * Reads a whole number of at least 1.
 * @throws EngineError `bad-option`
 */
export function parseSamples(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new EngineError('bad-option', `"${text}" is no number of samples.`, 'Use a whole number from 1.');
}
