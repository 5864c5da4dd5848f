import { createHash, randomBytes } from 'node:crypto';
import { readlinkSync, rmSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Nobody writes to a part for so long: it counts as left behind where its process cannot be asked about. */
const OLDEST_MS = 24 * 3600_000;

/** Bytes of the longest name of a part, however long the name of its file is. */
export const PART_NAME_LENGTH = 64;

/** What this process has not finished: parts of outputs, and temporary folders. */
const unfinished = new Set<string>();

/** Has {@link removeUnfinishedParts} remove a file or folder, until it is {@link finished}. */
export function unfinishedAt(path: string): void {
  unfinished.add(path);
}

export function finished(path: string): void {
  unfinished.delete(path);
}

/** Removes at once what this process was writing: for a process that is about to be ended. */
export function removeUnfinishedParts(): void {
  for (const path of unfinished) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The next run of the same output removes it.
    }
  }
  unfinished.clear();
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}

let machine: string | undefined;

/** Where process numbers mean the same: containers of one host have numbers of their own. */
function thisMachine(): string {
  return (machine ??= shortHash(`${hostname()} ${processNumbers()}`));
}

function processNumbers(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** A part of a new file, or the file that was there before while a new one takes its place. */
export type PartKind = 'part' | 'old';

/**
 * Path of a new part of a file, in the same folder: its name says of which file it is and which process writes it. A `part` counts
 * as unfinished until {@link finished} is told.
 */
export function newPart(path: string, kind: PartKind = 'part'): string {
  const name = [shortHash(basename(path)), thisMachine(), process.pid, randomBytes(5).toString('hex')];
  const part = join(dirname(path), `.quantscope-${name.join('-')}.${kind}`);
  if (kind === 'part') unfinishedAt(part);
  return part;
}

/** Removes the parts of a file that nobody is writing any more: those of processes that were killed. */
export async function removeLeftParts(path: string, kind: PartKind = 'part'): Promise<void> {
  const folder = dirname(path);
  const own = new RegExp(
    `^\\.quantscope-${shortHash(basename(path))}-([0-9a-f]+)-(\\d+)-[0-9a-f]+\\.${kind}$`,
  );
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const [, where = '', writer = ''] = own.exec(name) ?? [];
    const part = join(folder, name);
    if (writer === '' || unfinished.has(part)) continue;
    const found = await stat(part).catch(() => null);
    if (found === null) continue;
    const isLeft = where === thisMachine() && hasEnded(Number(writer), found.mtimeMs);
    if (isLeft || Date.now() - found.mtimeMs > OLDEST_MS)
      await rm(part, { force: true }).catch(() => undefined);
  }
}

/** Whether the process that wrote something at a time is no more; one of the same number may have begun since. */
function hasEnded(pid: number, wroteAt: number): boolean {
  if (pid === process.pid) return wroteAt < Date.now() - process.uptime() * 1000;
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
