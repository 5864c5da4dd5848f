import { EngineError } from '../shared/engineError';
import { writeOutput } from '../shared/node/writeFile';
import { neutral, neutralCopy, neutralJson } from '../shared/neutral';
import type { Run } from '../common/run';
import { WorkerPool } from '../runtime/workerPool';
import { ending } from './ending';
import { machineOutput } from './machineOutput';
import { writeText } from './standardStreams';
import { TerminalProgress } from './terminalProgress';

const progress = new TerminalProgress();

/** The workers of this process. */
export const pool = new WorkerPool();
/** What every command runs with: its progress on stderr or for programs, and what ends it. */
export const run: Run = {
  onProgress: (step) =>
    machineOutput.isJson ? machineOutput.write({ event: 'progress', ...step }) : progress.onProgress(step),
  onMeasured: (layers) => machineOutput.write({ event: 'measured', layers }),
  signal: ending.signal,
};

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

let isStdoutTaken = false;

/**
 * Leaves the standard output to a file that a command writes there: text for people goes to stderr.
 * @throws EngineError `bad-option` where programs are told there what is done
 */
export function claimStdout(): void {
  if (machineOutput.isJson)
    throw new EngineError(
      'bad-option',
      'Standard output cannot hold a file and the lines of --progress json.',
      'Leave one of them out: the last line holds the result.',
    );
  isStdoutTaken = true;
}

/** For the next command of this process. */
export function freeStdout(): void {
  isStdoutTaken = false;
}

/**
 * Tells what a command made. The text is made of a copy that holds nothing which steers a terminal: names come from files, and
 * would write lines of their own.
 * @param textOf for people
 * @param result the same for programs; left out where it comes with another text
 */
export function print<Made>(textOf: (made: Made) => string, made: Made, result?: object): void {
  progress.stop();
  if (!machineOutput.isJson) writeText(isStdoutTaken ? 'stderr' : 'stdout', `${textOf(neutralCopy(made))}\n`);
  if (result !== undefined) machineOutput.result(result);
}

/** Tells what a command made as JSON, whole and exact. */
export function printJson(made: object, result: object): void {
  progress.stop();
  if (!machineOutput.isJson) writeText('stdout', `${neutralJson(made, 2)}\n`);
  machineOutput.result(result);
}

/** Says on stderr, on one line, what the user has to know and no program reads. */
export function note(text: string): void {
  progress.stop();
  writeText('stderr', `${neutral(text)}\n`);
}

export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeOutput(file, `${JSON.stringify(value, null, 2)}\n`);
}
