import type { ErrorCode, ErrorData } from './protocol';

/**
 * The one error a person sees. `message` names the file, node or tensor and the value;
 * `hint` says what to do about it.
 */
export class EngineError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
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

/** The text of whatever was thrown, on one line. */
export function errorText(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Throws the error that ends cancelled work. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new EngineError('cancelled', 'Cancelled.', '');
}
