import { EngineError } from '../../shared/engineError';

/** The error for data that cannot be used: `message` names the file or array and the value, `hint` the way out. */
export function badData(message: string, hint: string, cause?: unknown): EngineError {
  return new EngineError('bad-data', message, hint, cause === undefined ? undefined : { cause });
}
