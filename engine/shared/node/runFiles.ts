import { randomBytes } from 'node:crypto';
import { fstatSync, type BigIntStats } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EngineError } from '../engineError';
import { checkOutput, outputTarget, type OutputTarget } from './outputTarget';

/** A file that a run reads. */
export interface ReadFile {
  path: string;
  /** As errors call it: "the model that is read". */
  what: string;
  /** It is only kept, and a recipe that is written on purpose may take its place. */
  isOldRecipe?: boolean;
}

/** A file that a run writes. */
export interface WrittenFile {
  path: string;
  /** As errors call it, where another output has the same path: "--json". */
  what: string;
  /** A model has to be a file, and its weights may come to lie beside it. Any other kind may be streamed. */
  kind?: 'model' | 'recipe' | undefined;
}

/** How many files are asked about at once. */
const AT_ONCE = 64;

/** Where a model written to `path` keeps its weights when they do not fit into it. */
export function dataPathOf(path: string): string {
  return `${path}.data`;
}

/**
 * Checks, before any work, that the outputs of a run can be written, that none of them is a file that is read, and that no two
 * are one: by whatever names, symbolic and hard links included.
 * @returns where the outputs go, in their order
 * @throws EngineError `write-failed`, `bad-option`
 */
export async function checkRunFiles(
  reads: readonly ReadFile[],
  writes: readonly WrittenFile[],
): Promise<OutputTarget[]> {
  const targets: OutputTarget[] = [];
  const places: Place[] = [];
  for (const output of writes) {
    const target = await checkOutput(output.path, { isModel: output.kind === 'model' });
    targets.push(target);
    const all = [
      { named: output, target },
      ...(output.kind === 'model' ? await besideModel(output, target) : []),
    ];
    for (const each of all) {
      const place = await placeOf(each.named, each.target);
      if (place === null) continue;
      const other = await sameAs(place, places);
      if (other !== undefined)
        throw new EngineError(
          'bad-option',
          `${each.named.path} would be written over: it is both ${other.named.what} and ${each.named.what}.`,
          'Give every output a file of its own.',
        );
      places.push(place);
    }
  }
  // What is not there yet is not read.
  const present = new Map(
    places.filter(({ foldedName }) => foldedName === null).map(({ key, named }) => [key, named]),
  );
  if (present.size === 0) return targets;
  for (let from = 0; from < reads.length; from += AT_ONCE)
    await Promise.all(
      reads.slice(from, from + AT_ONCE).map(async ({ path, what, isOldRecipe = false }) => {
        const named = present.get(identity(await stat(path, { bigint: true }).catch(() => null)) ?? '');
        if (named === undefined || (isOldRecipe && named.kind === 'recipe')) return;
        throw new EngineError(
          'bad-option',
          `${named.path} would be written over, but ${what} is kept there.`,
          'Choose another output file.',
        );
      }),
    );
  return targets;
}

/** Where the weights of a model come to lie if they do not fit into it. */
async function besideModel(
  { path, what }: WrittenFile,
  target: OutputTarget,
): Promise<{ named: WrittenFile; target: OutputTarget }[]> {
  const named = { path: dataPathOf(path), what: `the weights of ${what}` };
  // Most models need none: what cannot be written there is told when it has to be.
  const beside = await outputTarget(dataPathOf(target.path)).catch(() => null);
  return beside === null ? [] : [{ named, target: beside }];
}

/** What the system tells one file from another by, whatever it is called. */
function identity(found: BigIntStats | null): string | null {
  return found === null ? null : `${found.dev} ${found.ino}`;
}

/** The place of an output. */
interface Place {
  named: WrittenFile;
  /** What tells it from any other. */
  key: string;
  /** Of a file that is not there yet, without what some systems do not tell names apart by; else `null`. */
  foldedName: string | null;
  folder: string;
}

/** `null` for a device, which any number of outputs may go to. */
async function placeOf(named: WrittenFile, target: OutputTarget): Promise<Place | null> {
  const folder = dirname(target.path);
  const there = { named, folder, foldedName: null };
  if (target.kind === 'stream') {
    const { descriptor, path } = target;
    const found = descriptor === null ? await identityAt(path) : opened(descriptor);
    return found === null ? null : { ...there, key: found };
  }
  const found = await identityAt(target.path);
  if (found !== null) return { ...there, key: found };
  const name = basename(target.path);
  const parent = (await identityAt(folder)) ?? folder;
  const foldedName = `${parent} ${name.normalize('NFC').toLowerCase()}`;
  return { ...there, key: `${parent} ${name}`, foldedName };
}

async function identityAt(path: string): Promise<string | null> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  return found?.isCharacterDevice() === true ? null : identity(found);
}

/** Of what this process has open: the file, if it is one, else the place in the list of open files. */
function opened(descriptor: number): string {
  try {
    const found = fstatSync(descriptor, { bigint: true });
    if (!found.isCharacterDevice()) return identity(found) ?? '';
  } catch {
    // It is closed, and told so when it is written.
  }
  return `open ${descriptor}`;
}

async function sameAs(one: Place, places: readonly Place[]): Promise<Place | undefined> {
  for (const other of places) {
    if (other.key === one.key) return other;
    const isAlike = one.foldedName !== null && one.foldedName === other.foldedName;
    if (isAlike && !(await tellsCase(one.folder))) return other;
  }
  return undefined;
}

/** Whether a folder takes names in small and in capital letters for two, found out with a file that is gone at once. */
async function tellsCase(folder: string): Promise<boolean> {
  const name = `.quantscope-${randomBytes(8).toString('hex')}`;
  const file = await open(join(folder, name), 'wx', 0o600).catch(() => null);
  if (file === null) return true;
  try {
    await file.close();
    return (await stat(join(folder, name.toUpperCase())).catch(() => null)) === null;
  } finally {
    await rm(join(folder, name), { force: true });
  }
}
