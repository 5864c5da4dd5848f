import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { formatPlural } from '../shared/format';

/** How many files are asked about at once. */
const AT_ONCE = 64;
/** Of files that changed, how many are named. */
const NAMED = 3;

/** What tells one state of a file from another. */
export async function fileState(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  return found === null ? 'gone' : stateOf(found.size, found.mtimeMs);
}

export function stateOf(bytes: number, modified: number): string {
  return `${bytes} ${modified}`;
}

/** The states of files at a time, to tell later which of them have changed. */
export class FileStates {
  private constructor(
    private readonly files: readonly { path: string }[],
    private readonly states: readonly string[],
  ) {}

  static async now(files: readonly { path: string }[]): Promise<FileStates> {
    return new FileStates(files, await statesOf(files));
  }

  /** As they were found before. */
  static of(known: readonly { path: string; state: string }[]): FileStates {
    return new FileStates(
      known,
      known.map(({ state }) => state),
    );
  }

  /** Those that changed, were replaced or went since. */
  async changed(): Promise<{ path: string }[]> {
    const now = await statesOf(this.files);
    return this.files.filter((_, i) => this.states[i] !== now[i]);
  }
}

async function statesOf(files: readonly { path: string }[]): Promise<string[]> {
  const states: string[] = [];
  for (let from = 0; from < files.length; from += AT_ONCE)
    states.push(...(await Promise.all(files.slice(from, from + AT_ONCE).map(({ path }) => fileState(path)))));
  return states;
}

/** The names of some files in a sentence. */
export function namesOf(files: readonly { path: string }[]): string {
  const names = files.slice(0, NAMED).map(({ path }) => basename(path));
  const more = files.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${formatPlural(more, 'other file')}` : names.join(', ');
}
