import type { ErrorData } from '../../engine/shared/protocol/error';
import { ownValue } from '../../engine/shared/ownValue';

/** Of JSON-RPC: the connection went away with the answer still owed. */
const CONNECTION_LOST = [-32097, -32096];
/** Of LSP: RequestCancelled and ServerCancelled. */
const CANCELLED = [-32800, -32802];

/** Something that the extension itself will not do. */
export class Refusal extends Error {
  constructor(readonly data: ErrorData) {
    super(data.message);
  }
}

/** Whether the engine went away with the answer still owed. */
export function isConnectionLost(thrown: unknown): boolean {
  const code = fieldOf(thrown, 'code');
  return typeof code === 'number' && CONNECTION_LOST.includes(code);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? ownValue(value as Record<string, unknown>, name)
    : undefined;
}

function isErrorData(value: unknown): value is ErrorData {
  return ['code', 'message', 'hint'].every((name) => typeof fieldOf(value, name) === 'string');
}

/** What a person is told of anything thrown on the way to the engine and back. */
export function toErrorData(thrown: unknown): ErrorData {
  // An error of the engine's own functions is its data.
  for (const data of [fieldOf(thrown, 'data'), thrown])
    if (isErrorData(data)) return { code: data.code, message: data.message, hint: data.hint };
  const code = fieldOf(thrown, 'code');
  if (typeof code === 'number' && CANCELLED.includes(code)) {
    return { code: 'cancelled', message: 'Cancelled.', hint: '' };
  }
  if (isConnectionLost(thrown)) {
    return {
      code: 'runtime',
      message: 'The engine stopped before it had answered.',
      hint: 'It starts again with the next command; the log says why it stopped.',
    };
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'runtime', message: text, hint: 'The log may say more.' };
}

/** Message and hint on one line, as notifications show them. */
export function errorLine({ message, hint }: ErrorData): string {
  return hint === '' ? message : `${message} ${hint}`;
}
