import { endAtOnce } from '../common/endAtOnce';

/** How long the work may take to stop by itself. */
const GRACE_MS = 1000;

/** Stops a command before it is done: its work is asked to, and a second later the process ends whatever it is at. */
class Ending {
  private readonly abort = new AbortController();
  /** What the work looks at. */
  readonly signal: AbortSignal = this.abort.signal;
  private interrupted: number | undefined;
  private lost: number | undefined;

  /**
   * Stops the command as its user asks for; at the second time the process ends at once.
   * @param code to exit with
   * @param tell says that it was stopped, unless that was said
   */
  interrupt(code: number, tell: () => void): void {
    const end = () => {
      tell();
      endAtOnce(code);
    };
    if (this.interrupted !== undefined) {
      end();
      return;
    }
    this.interrupted = code;
    this.stop(end);
  }

  /** Stops the command without a word, because what it prints goes nowhere, unless its user stopped it. */
  lose(code: number): void {
    this.lost = code;
    this.stop(() => endAtOnce(this.interrupted ?? code));
  }

  /** Whether whoever stopped it needs not be told. */
  get isQuiet(): boolean {
    return this.lost !== undefined && this.interrupted === undefined;
  }

  /** What to exit with, where the command by itself came to `code`. */
  codeAfter(code: number): number {
    const stopped = this.interrupted ?? this.lost;
    if (stopped === undefined) return code;
    // What was written whole before the end came is written; without a reader nobody was told.
    return code === 130 || (code === 0 && this.isQuiet) ? stopped : code;
  }

  private stop(end: () => void): void {
    this.abort.abort();
    setTimeout(end, GRACE_MS).unref();
  }
}

/** Of this process. */
export const ending = new Ending();
