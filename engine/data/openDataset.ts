import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, errorText } from '../shared/engineError';
import { namesIn } from '../shared/node/walkFolder';
import { badData } from './samples/badData';
import { dataKinds, fileKinds, folderKinds, type DataKind } from './dataKinds';
import type { Dataset, InputSpec, OpenOptions } from './samples/dataset';
import { MANIFEST_NAME } from './manifest/manifest';
import { isSynthetic, openSynthetic } from './openSynthetic';

/**
 * Opens the file or folder at `path`, as the kind of data that it is, for a model with these inputs.
 * @throws EngineError `not-found` when nothing is there, `bad-data` when it cannot be used
 */
export async function openDataset(
  path: string,
  inputs: readonly InputSpec[],
  options: OpenOptions = { preset: null },
): Promise<Dataset> {
  if (inputs.length === 0) throw badData('The model has no inputs.', 'There is nothing to feed to it.');
  if (isSynthetic(path)) return openSynthetic(path, inputs);
  return (await kindOf(path)).open(path, inputs, options);
}

/**
 * Every file that is read of data, as a path, some of which may be missing; none of synthetic data.
 * @throws EngineError as {@link openDataset} does where it cannot be told
 */
export async function dataFiles(path: string): Promise<string[]> {
  return isSynthetic(path) ? [] : (await kindOf(path)).files(path);
}

async function kindOf(path: string): Promise<DataKind> {
  const hint = `Name ${dataKinds()}.`;
  const cannotOpen = (error: unknown) => {
    throw new EngineError('not-found', `There is no data at ${path}: ${errorText(error)}.`, hint, {
      cause: error,
    });
  };
  const found = await stat(path).catch(cannotOpen);
  // A pipe or a device would be waited for.
  if (!found.isDirectory() && !found.isFile()) throw badData(`${path} is not a file.`, hint);
  const names = found.isDirectory() ? await namesOf(path).catch(cannotOpen) : null;
  const kind =
    names === null
      ? fileKinds.find(({ pattern }) => pattern.test(path))
      : folderKinds.find(({ holds }) => holds(names));
  if (kind === undefined) throw badData(`${path} is no data that can be read.`, hint);
  return kind;
}

/** A manifest may stand among more files than are listed. */
async function namesOf(folder: string): Promise<string[]> {
  const manifest = await stat(join(folder, MANIFEST_NAME)).catch(() => null);
  return [...(await namesIn(folder)), ...(manifest === null ? [] : [MANIFEST_NAME])];
}
