import { neutral } from './neutral';
import type { ErrorCode, ErrorData } from './protocol/error';

/** Names in files are anyone's: of any length, with line breaks or codes that steer a terminal. */
function presentable(text: string, most: number): string {
  const short =
    text.length <= most ? text : `${text.slice(0, most / 2 - 1)} … ${text.slice(-(most / 2 - 2))}`;
  return neutral(short);
}

/** Longest message or hint, in UTF-16 code units. */
const MOST = 500;

/**
 * The one error a person sees. `message` names the file, node or tensor and the value;
 * `hint` says what to do about it. Both are
 * cut to 500 characters, with control characters replaced.
 */
export class EngineError extends Error {
  readonly hint: string;

  constructor(
    readonly code: ErrorCode,
    message: string,
    hint: string,
    options?: ErrorOptions,
  ) {
    super(presentable(message, MOST), options);
    this.hint = presentable(hint, MOST);
    this.name = 'EngineError';
  }

  toData(): ErrorData {
    return { code: this.code, message: this.message, hint: this.hint };
  }

  /** One line for a terminal or a notification. */
  toLine(): string {
    return this.hint === '' ? this.message : `${this.message} ${this.hint}`;
  }
}

/** As Node tells what the system refused: its code, the words, the call, and paths that our own words name. */
const REFUSED = /^E[A-Z0-9]+: (.+?), [a-z]+( '.*)?$/;

/** The text of whatever was thrown, on one line; of what the system refused, its words alone. */
export function errorText(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return REFUSED.exec(line)?.[1] ?? line;
}
