import { createHash } from 'node:crypto';
import type { InputPreview, SamplePreview } from '../../shared/protocol/data';
import { shorten } from '../../shared/format';
import { channelMixing, type ChannelMixing } from './channelMixing';
import type { Dataset, InputSpec, Sample, SampleSource, Tensor } from '../samples/dataset';
import { drawTensor } from './drawTensor';
import { numbersOf } from '../samples/elementTypes';
import { lookOf, type Look } from './tensorLayout';
import { describeTruth } from '../samples/truthKinds';
import { tensorFigures, type TensorFigures } from './tensorFigures';
import { ownValue } from '../../shared/ownValue';

/** What is kept of a sample that was looked at. */
export interface SeenSample {
  name: string;
  /** By input name. */
  inputs: Map<string, SeenTensor>;
  /** Equal for samples of equal values. */
  digest: string;
}

export interface SeenTensor extends TensorFigures {
  type: Tensor['type'];
  dims: number[];
  look: Look;
  /** Of images with three channels. */
  mixing: ChannelMixing | null;
}

export interface Inspection {
  seen: SeenSample[];
  preview: SamplePreview[];
}

/** Samples shown, and samples looked at for what is wrong. */
const SHOWN = 8;
const LOOKED_AT = 16;
const SHOWN_INPUTS = 6;
/** A shape has no more axes than NumPy allows; those of a hostile file are cut. */
const MOST_AXES = 64;
/** Of all thumbnails of one sample; base64 makes 4 bytes of 3. */
const PIXEL_BYTES = 17_000;
const NAME_LENGTH = 200;
/** Large samples end the inspection early: after so many values, or so many milliseconds, but not before one. */
const MOST_VALUES = 2 ** 27;
const MOST_MILLISECONDS = 4000;

/**
 * Looks at some of the samples that calibrate: the first ones, and some spread over the rest. Answers with less than
 * 250 kB, whatever the samples are.
 * @throws EngineError `bad-data` for a sample that cannot be loaded
 */
export async function inspectSamples(
  dataset: Pick<Dataset, 'calibration' | 'color'>,
  inputs: readonly InputSpec[],
): Promise<Inspection> {
  const started = Date.now();
  let values = 0;
  const seen: SeenSample[] = [];
  const preview: SamplePreview[] = [];
  for (const index of chosenIndices(dataset.calibration)) {
    const sample = await dataset.calibration.load(index);
    const tensors = tensorsOf(sample, inputs);
    seen.push({
      name: shorten(sample.name, NAME_LENGTH),
      inputs: new Map(tensors.map((tensor) => [tensor.input, tensor.seen])),
      digest: digestOf(sample),
    });
    if (index < SHOWN) preview.push(previewOf(sample, tensors, dataset.color));
    values += tensors.reduce((sum, { tensor }) => sum + tensor.data.length, 0);
    if (values > MOST_VALUES || Date.now() - started > MOST_MILLISECONDS) break;
  }
  return { seen, preview };
}

/** The first samples, then some at equal distances: data is often sorted. */
function chosenIndices({ length }: SampleSource): number[] {
  if (length <= LOOKED_AT) return Array.from({ length }, (_, i) => i);
  const spread = LOOKED_AT - SHOWN;
  const step = (length - SHOWN) / spread;
  return Array.from({ length: LOOKED_AT }, (_, i) =>
    i < SHOWN ? i : SHOWN + Math.floor((i - SHOWN + 1) * step) - 1,
  );
}

interface OpenTensor {
  input: string;
  tensor: Tensor;
  numbers: ReturnType<typeof numbersOf>;
  seen: SeenTensor;
}

function tensorsOf({ feeds }: Sample, inputs: readonly InputSpec[]): OpenTensor[] {
  return inputs.flatMap(({ name }) => {
    const tensor = ownValue(feeds, name);
    if (tensor === undefined) return [];
    const numbers = numbersOf(tensor);
    const { type, dims } = tensor;
    const look = lookOf(tensor);
    const mixing =
      look.kind === 'image' && look.channels === 3
        ? channelMixing(numbers, dims[look.columnAxis] ?? 1)
        : null;
    return [{ input: name, tensor, numbers, seen: { type, dims, look, mixing, ...tensorFigures(numbers) } }];
  });
}

function previewOf(
  { name, truth }: Sample,
  tensors: readonly OpenTensor[],
  color: Dataset['color'],
): SamplePreview {
  const told = describeTruth(truth);
  const shown = tensors.slice(0, SHOWN_INPUTS);
  const images = shown.filter(({ seen }) => seen.look.kind === 'image').length;
  const options = { blueFirst: color === 'BGR', mostBytes: Math.floor(PIXEL_BYTES / images) };
  return {
    name: shorten(name, NAME_LENGTH),
    truth: typeof told === 'string' ? shorten(told, NAME_LENGTH) : told,
    inputs: shown.map(({ input, tensor, numbers, seen }): InputPreview => {
      const { type, min, max, mean, nonFinite } = seen;
      return {
        input: shorten(input, NAME_LENGTH),
        type,
        dims: tensor.dims.slice(0, MOST_AXES),
        ...{ min, max, mean, nonFinite },
        picture: drawTensor(tensor, numbers, seen.look, seen, options),
      };
    }),
    moreInputs: tensors.length - shown.length,
  };
}

function digestOf({ feeds }: Sample): string {
  const hash = createHash('sha1');
  for (const { dims, data } of Object.values(feeds)) {
    hash.update(JSON.stringify(dims));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
