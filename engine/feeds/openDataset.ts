import { stat } from 'node:fs/promises';
import { EngineError, errorText } from '../engineError';
import { badData } from './badData';
import type { Dataset, InputSpec } from './dataset';
import { openFolder } from './openFolder';
import { openNpz } from './openNpz';

/**
 * Opens a folder with a `quantscope.json` or an `.npz` file, for a model with these inputs.
 * @throws EngineError `not-found` when nothing is there, `bad-data` when it cannot be used
 */
export async function openDataset(path: string, inputs: readonly InputSpec[]): Promise<Dataset> {
  if (inputs.length === 0) throw badData('The model has no inputs.', 'There is nothing to feed to it.');
  const found = await stat(path).catch((error: unknown) => {
    const hint = 'Name an .npz file or a folder with a quantscope.json.';
    throw new EngineError('not-found', `There is no data at ${path}: ${errorText(error)}.`, hint, {
      cause: error,
    });
  });
  if (found.isDirectory()) return openFolder(path, inputs);
  if (/\.npz$/i.test(path)) return openNpz(path, inputs);
  throw badData(
    `${path} is neither a folder nor an .npz file.`,
    'Save arrays with numpy.savez, or name the folder with the quantscope.json.',
  );
}
