import { writeFileAtomically } from '../onnx/model';
import type { Run } from '../preparation';
import { WorkerPool } from '../runtime/workerPool';
import { TerminalProgress } from './terminalProgress';

const progress = new TerminalProgress();
const abort = new AbortController();

/** The workers of this process. */
export const pool = new WorkerPool();
/** What every command runs with: its progress on stderr, and what ends it. */
export const run: Run = { onProgress: progress.onProgress, signal: abort.signal };

/** Ends the command, with `cancelled`. */
export function cancel(): void {
  abort.abort();
}

/** Clears the progress, so that other text can follow. */
export function clearProgress(): void {
  progress.stop();
}

export function print(text: string): void {
  progress.stop();
  process.stdout.write(`${text}\n`);
}

/** Says on stderr what the user has to know and no program reads. */
export function note(text: string): void {
  progress.stop();
  process.stderr.write(`${text}\n`);
}

export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileAtomically(file, `${JSON.stringify(value, null, 2)}\n`);
}
