import { writeFileAtomically } from '../onnx/model';
import type { Run } from '../preparation';
import { WorkerPool } from '../runtime/workerPool';
import { machineOutput } from './machineOutput';
import { TerminalProgress } from './terminalProgress';

const progress = new TerminalProgress();
const abort = new AbortController();

/** The workers of this process. */
export const pool = new WorkerPool();
/** What every command runs with: its progress on stderr or for programs, and what ends it. */
export const run: Run = {
  onProgress: (step) =>
    machineOutput.isJson ? machineOutput.write({ event: 'progress', ...step }) : progress.onProgress(step),
  onMeasured: (layers) => machineOutput.write({ event: 'measured', layers }),
  signal: abort.signal,
};

/** Ends the command, with `cancelled`. */
export function cancel(): void {
  abort.abort();
}

/** Clears the progress, so that other text can follow. */
export function clearProgress(): void {
  progress.stop();
}

let exitCode = 0;

/** Makes a command that did its work end as one that failed: it found what it was asked to look for. */
export function endWith(code: number): void {
  exitCode = code;
}

/** What {@link endWith} said since this was asked, else 0. */
export function takeExitCode(): number {
  const code = exitCode;
  exitCode = 0;
  return code;
}

/**
 * Tells what a command made.
 * @param text for people
 * @param result the same for programs; left out where it comes with another text
 */
export function print(text: string, result?: object): void {
  progress.stop();
  if (!machineOutput.isJson) process.stdout.write(`${text}\n`);
  if (result !== undefined) machineOutput.result(result);
}

/** Says on stderr what the user has to know and no program reads. */
export function note(text: string): void {
  progress.stop();
  process.stderr.write(`${text}\n`);
}

export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileAtomically(file, `${JSON.stringify(value, null, 2)}\n`);
}
