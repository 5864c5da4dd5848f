import { readdir, stat } from 'node:fs/promises';
import { EngineError, errorText } from '../engineError';
import { badData } from './badData';
import { dataKinds, fileKinds, folderKinds } from './dataKinds';
import type { Dataset, InputSpec, OpenOptions } from './dataset';
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
  const hint = `Name ${dataKinds()}.`;
  const cannotOpen = (error: unknown) => {
    throw new EngineError('not-found', `There is no data at ${path}: ${errorText(error)}.`, hint, {
      cause: error,
    });
  };
  const found = await stat(path).catch(cannotOpen);
  const names = found.isDirectory() ? await readdir(path).catch(cannotOpen) : null;
  const kind =
    names === null
      ? fileKinds.find(({ pattern }) => pattern.test(path))
      : folderKinds.find(({ holds }) => holds(names));
  if (kind === undefined) throw badData(`${path} is no data that can be read.`, hint);
  return kind.open(path, inputs, options);
}
