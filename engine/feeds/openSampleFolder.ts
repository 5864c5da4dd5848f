import { badData } from './badData';
import type { Dataset, InputSpec } from './dataset';
import { fileSamples } from './fileSamples';
import { listSampleFiles } from './listSampleFiles';
import { splitSamples } from './splitSamples';

const ARRAY_FILE = /^[^.].*\.(npy|npz)$/i;

/**
 * Opens a folder without a manifest: every `.npy` and `.npz` file in it and in its subfolders is one sample,
 * without truth.
 * @throws EngineError `bad-data` when it holds none
 */
export async function openSampleFolder(folder: string, inputs: readonly InputSpec[]): Promise<Dataset> {
  const files = await listSampleFiles(folder, ARRAY_FILE);
  if (files.length === 0)
    throw badData(
      `${folder} has no quantscope.json, and no samples.`,
      `Put .npy or .npz files there, or write a quantscope.json that says what the samples are, such as {"version": 1, "samples": {"folder": "."}, "preprocess": {"resize": {"mode": "stretch", "width": 224, "height": 224}}}.`,
    );
  const source = fileSamples(files, {}, inputs, folder);
  return { ...splitSamples(source), metric: 'agreement', alphabet: [] };
}
