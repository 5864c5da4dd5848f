import { extname } from 'node:path';
import { badData } from '../samples/badData';
import { castTensor } from '../samples/castTensor';
import type { Dataset, InputSpec, Sample, SampleSource, Tensor, Truth } from '../samples/dataset';
import { sizeOf } from '../samples/elementTypes';
import { checkFinite, fitInput } from '../samples/fitInput';
import type { Manifest, Preprocess } from '../manifest/manifest';
import { placeShapes } from './placeShapes';
import { presetSteps } from '../manifest/presetSteps';
import { parseNpy } from './parseNpy';
import { presetNames } from '../manifest/presets';
import { preprocessImage } from '../images/preprocessImage';
import { readBounded } from '../samples/readBounded';
import { readImage } from '../images/readImage';
import { readNpz } from './readNpz';
import { readWave } from './readWave';
import type { Size } from '../images/resizePixels';
import { isShapes } from '../samples/truthKinds';
import { waveSteps } from './waveSteps';

export interface SampleFile {
  /** As the manifest names it. */
  name: string;
  path: string;
  truth: Truth;
}

/** Names of files that can be samples. */
export const SAMPLE_FILE = /^[^.].*\.(png|jpe?g|bmp|npy|npz|wav)$/i;
const MAX_FILE_BYTES = 2 ** 30;
const MAX_WAVE_BYTES = 2 ** 28;

/** What a manifest says of single files. */
type Reading = Pick<Manifest, 'input' | 'preprocess' | 'preset' | 'audio' | 'state' | 'constants'>;

export interface FileSamples {
  source: SampleSource;
  color: Dataset['color'];
}

/**
 * Samples that each lie in one file, read when asked for; `manifestName` is what errors call the manifest, or the
 * folder without one.
 * @throws EngineError `bad-data` when a file's kind cannot feed these inputs
 */
export function fileSamples(
  files: readonly SampleFile[],
  manifest: Reading,
  all: readonly InputSpec[],
  manifestName: string,
): FileSamples {
  const { state: carry } = manifest;
  const given = givenFeeds(manifest, all, manifestName);
  const inputs = all.filter((spec) => !Object.hasOwn(given, spec.name));
  const odd = files.find((file) => !SAMPLE_FILE.test(file.name.replace(/^.*\//, '')));
  if (odd !== undefined)
    throw badData(
      `${manifestName}: "${odd.name}" is no kind of sample.`,
      'Use .png, .jpg, .bmp, .npy, .npz or .wav files.',
    );
  const single = files.find((file) => kindOf(file) !== '.npz');
  const target = single === undefined ? null : targetInput(single, manifest, inputs, manifestName);
  const steps =
    target === null || manifest.preset === undefined
      ? manifest.preprocess
      : presetSteps(manifest.preset, target, manifest.preprocess);
  const read = async (file: SampleFile): Promise<{ fed: Record<string, Tensor>[]; truth: Truth }> => {
    const { name, truth } = file;
    if (kindOf(file) === '.wav') return { fed: await loadWave(file, manifest, target), truth };
    if (target === null || kindOf(file) === '.npz') return { fed: [await loadNpz(file, inputs)], truth };
    const bytes = await readBounded(file.path, MAX_FILE_BYTES, name);
    const feed = (tensor: Tensor) => [{ [target.name]: fitInput(tensor, target, name, shapeHint(file)) }];
    if (kindOf(file) === '.npy') return { fed: feed(npyTensor(bytes, file)), truth };
    const { tensor, picture } = imageTensor(bytes, file, target, steps);
    const placed = isShapes(truth) ? placeShapes(truth, picture, steps ?? {}, name) : truth;
    return { fed: feed(tensor), truth: placed };
  };
  const load = async (index: number): Promise<Sample> => {
    const file = files[index];
    if (file === undefined) throw new RangeError(`no sample ${index}`);
    const { name } = file;
    const { fed, truth } = await read(file);
    const [first = {}, ...steps] = fed;
    const feeds = { ...given, ...first };
    return carry === undefined && steps.length === 0
      ? { name, feeds, truth }
      : { name, feeds, truth, sequence: { steps, carry: carry ?? {} } };
  };
  return {
    source: { length: files.length, load },
    color: steps === undefined ? undefined : (steps.color ?? 'RGB'),
  };
}

/** Whether a sample's file is a picture, by its name. */
export function isPicture(file: SampleFile): boolean {
  return !['.npy', '.npz', '.wav'].includes(kindOf(file));
}

function shapeHint(file: SampleFile): string {
  return kindOf(file) === '.npy'
    ? 'Store the input whole, with its batch axis.'
    : 'Change "preprocess" in quantscope.json, or the file.';
}

function kindOf(file: SampleFile): string {
  return extname(file.name).toLowerCase();
}

/** The input that a picture or a `.npy` feeds. */
function targetInput(
  file: SampleFile,
  manifest: Reading,
  inputs: readonly InputSpec[],
  manifestName: string,
): InputSpec {
  const names = inputs.map((spec) => `"${spec.name}"`).join(', ');
  const named = inputs.find((spec) => spec.name === manifest.input);
  if (manifest.input !== undefined && named === undefined)
    throw badData(`${manifestName}: input is "${manifest.input}".`, `The model's inputs are ${names}.`);
  const target = named ?? inputs[0];
  if (target === undefined || inputs.length > 1)
    throw badData(
      `${manifestName}: "${file.name}" feeds one input, and the model has ${inputs.length}: ${names}.`,
      'Save each sample as an .npz file with one array per input.',
    );
  return target;
}

async function loadNpz(file: SampleFile, inputs: readonly InputSpec[]): Promise<Record<string, Tensor>> {
  const wanted = inputs.map((spec) => spec.name);
  const { names, arrays } = await readNpz(file.path, wanted, file.name);
  const feeds = inputs.map((spec): [string, Tensor] => {
    const array = arrays.get(spec.name);
    const where = `${file.name}: array "${spec.name}"`;
    if (array === undefined)
      throw badData(
        `${file.name} has no array "${spec.name}"; it holds ${names.map((name) => `"${name}"`).join(', ') || 'none'}.`,
        `Name one array after each input: ${wanted.join(', ')}.`,
      );
    checkFinite(array, where);
    return [spec.name, fitInput(array, spec, where, 'Store the input whole, with its batch axis.')];
  });
  return Object.fromEntries(feeds);
}

function npyTensor(bytes: Uint8Array, file: SampleFile): Tensor {
  const tensor = parseNpy(bytes, file.name);
  checkFinite(tensor, file.name);
  return tensor;
}

function imageTensor(
  bytes: Uint8Array,
  file: SampleFile,
  target: InputSpec,
  preprocess: Preprocess | undefined,
): { tensor: Tensor; picture: Size } {
  if (preprocess === undefined)
    throw badData(
      `${file.name} is a picture, and quantscope.json does not say how it becomes a tensor.`,
      `Add "preset": one of ${presetNames.join(', ')}; or "preprocess" with layout, color, resize, mean and std.`,
    );
  const picture = readImage(bytes, file.name);
  const rank = target.dims?.length === 3 ? 3 : 4;
  return { tensor: preprocessImage(picture, preprocess, rank, file.name), picture };
}

/** Inputs that no file feeds: numbers that stay the same, and states, which start at zeros. */
function givenFeeds(
  { constants = {}, state = {} }: Reading,
  inputs: readonly InputSpec[],
  manifestName: string,
): Record<string, Tensor> {
  const specOf = (name: string) => {
    const spec = inputs.find((each) => each.name === name);
    if (spec !== undefined) return spec;
    const names = inputs.map((each) => `"${each.name}"`).join(', ');
    throw badData(`${manifestName}: the model has no input "${name}".`, `Its inputs are ${names}.`);
  };
  const filled = ({ name, type, dims }: InputSpec, value: number): [string, Tensor] => {
    const shape = (dims ?? []).map((dim) => dim ?? 1);
    const tensor: Tensor = {
      type: 'float64',
      dims: shape,
      data: new Float64Array(sizeOf(shape)).fill(value),
    };
    return [name, castTensor(tensor, type, `${manifestName}: "${name}"`)];
  };
  return Object.fromEntries([
    ...Object.entries(constants).map(([name, value]) => filled(specOf(name), value)),
    ...Object.keys(state).map((name) => filled(specOf(name), 0)),
  ]);
}

async function loadWave(
  file: SampleFile,
  { audio }: Reading,
  target: InputSpec | null,
): Promise<Record<string, Tensor>[]> {
  if (audio === undefined || target === null)
    throw badData(
      `${file.name} is a wave, and no quantscope.json says how it is fed.`,
      'Add "audio" with the length of a frame, or {} for whole waves.',
    );
  const wave = readWave(await readBounded(file.path, MAX_WAVE_BYTES, file.name), file.name);
  return waveSteps(wave, audio, target, file.name).map((tensor) => ({ [target.name]: tensor }));
}
