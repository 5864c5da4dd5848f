import { badData } from '../samples/badData';
import type { Dataset, InputSpec, OpenOptions } from '../samples/dataset';
import { fileSamples, isPicture, SAMPLE_FILE } from './fileSamples';
import { listSampleFiles } from './listSampleFiles';
import { presetNames } from '../manifest/presets';
import { splitSamples } from '../samples/splitSamples';

/** The samples of a folder without a manifest, as paths. */
export async function sampleFolderFiles(folder: string): Promise<string[]> {
  return (await listSampleFiles(folder, SAMPLE_FILE)).map(({ path }) => path);
}

/**
 * Opens a folder without a manifest: every `.npy`, `.npz` and picture file in it and in its subfolders is one
 * sample, without truth. Pictures need a preset.
 * @throws EngineError `bad-data` when it holds none, and for pictures without a preset
 */
export async function openSampleFolder(
  folder: string,
  inputs: readonly InputSpec[],
  { preset }: OpenOptions,
): Promise<Dataset> {
  const files = await listSampleFiles(folder, SAMPLE_FILE);
  if (files.length === 0)
    throw badData(
      `${folder} has no quantscope.json, and no samples.`,
      'Put pictures, .npy or .npz files there, or a quantscope.json that says what the samples are, such as {"version": 1, "samples": {"folder": "."}, "preset": "imagenet"}.',
    );
  const picture = files.find(isPicture);
  if (picture !== undefined && preset === null)
    throw badData(
      `${folder} holds pictures, such as ${picture.name}, and nothing says how they become tensors.`,
      `Name a preset: ${presetNames.join(', ')} (--preset, or the setting quantscope.preset); or write a quantscope.json with "preprocess".`,
    );
  const { source, color } = fileSamples(files, { preset: preset ?? undefined }, inputs, folder);
  return { ...splitSamples(source), metric: 'agreement', alphabet: [], color, warnings: [] };
}
