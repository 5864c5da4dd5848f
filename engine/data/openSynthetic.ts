import { badData } from './samples/badData';
import type { Dataset, ElementType, InputSpec, Sample, Tensor, TensorData } from './samples/dataset';
import { isFloat, newTensorData, sizeOf } from './samples/elementTypes';
import { numberToHalf } from '../onnx/tensors/float16';
import { splitSamples } from './samples/splitSamples';

const SYNTHETIC = /^synthetic(?::(\d{1,5}))?$/;
const DEFAULT_COUNT = 32;
/** Sizes for dimensions that the model leaves open, after the batch. */
const OPEN = { image: 224, audio: 16_000, other: 16 };
/** A last axis at least this long is taken for a wave. */
const AUDIO_LENGTH = 256;
const MOST_ELEMENTS = 2 ** 27;

/** Whether `--data` asks for made-up samples: `synthetic`, or `synthetic:64` for their number. */
export function isSynthetic(data: string): boolean {
  return SYNTHETIC.test(data);
}

/**
 * Samples made up from the inputs' types, shapes and names, the same ones each time: smooth pictures, chirps, token
 * numbers, or a normal distribution. They let everything run; what they say of clips and accuracy is not to be trusted.
 */
export function openSynthetic(data: string, inputs: readonly InputSpec[]): Dataset {
  const count = Number(SYNTHETIC.exec(data)?.[1] ?? DEFAULT_COUNT);
  if (count === 0) throw badData(`${data} asks for no samples.`, 'Ask for at least one.');
  const load = (index: number): Promise<Sample> => {
    const random = randomFrom(index + 1);
    const feeds = inputs.map((spec) => [spec.name, makeTensor(spec, random)] as const);
    return Promise.resolve({ name: `synthetic ${index}`, feeds: Object.fromEntries(feeds), truth: null });
  };
  const warning =
    'The samples are made up from the shapes and names of the inputs: clips and scores that come of them are not to be trusted.';
  return {
    ...splitSamples({ length: count, load }),
    ...{ metric: 'agreement' as const, alphabet: [], warnings: [warning] },
  };
}

type Random = () => number;

function makeTensor({ name, type, dims }: InputSpec, random: Random): Tensor {
  const channels = imageChannels(dims);
  const shape = (dims ?? [1]).map((dim, axis) => dim ?? (axis === 0 ? 1 : openSize(dims, axis)));
  const size = sizeOf(shape);
  if (size > MOST_ELEMENTS)
    throw badData(
      `Input "${name}" takes ${size} values a sample.`,
      'Fix its dimensions with --dim, or give real data.',
    );
  const values = isFloat(type)
    ? floatValues(shape, channels, random)
    : integerValues(name, type, size, random);
  return { type, dims: shape, data: stored(type, values) };
}

/** The axis of 1, 3 or 4 channels of what looks like a picture. */
function imageChannels(dims: InputSpec['dims']): number | null {
  if (dims?.length !== 4) return null;
  const axis = [1, 3].find((each) => [1, 3, 4].includes(dims[each] ?? 0));
  return axis ?? null;
}

function openSize(dims: InputSpec['dims'], axis: number): number {
  if (imageChannels(dims) !== null) return OPEN.image;
  return dims?.length === 2 && axis === 1 ? OPEN.audio : OPEN.other;
}

function floatValues(shape: readonly number[], channels: number | null, random: Random): Float64Array {
  const size = sizeOf(shape);
  if (channels !== null) return picture(shape, channels, random);
  const length = shape.at(-1) ?? 1;
  if (shape.length <= 3 && length >= AUDIO_LENGTH) return chirp(size, random);
  return Float64Array.from({ length: size }, () => normal(random));
}

/** A few slow waves across the picture and a little noise, about 0 with a spread of 1, as normalized pictures have. */
function picture(shape: readonly number[], channelAxis: number, random: Random): Float64Array {
  const [, a = 1, b = 1, c = 1] = shape;
  const [channels, height, width] = channelAxis === 1 ? [a, b, c] : [c, a, b];
  const waves = Array.from({ length: 6 }, () => ({
    down: normal(random) * 3,
    across: normal(random) * 3,
    phase: random() * 2 * Math.PI,
    gains: Array.from({ length: channels }, () => 0.5 * normal(random)),
  }));
  const values = new Float64Array(sizeOf(shape));
  const perSample = channels * height * width;
  for (let i = 0; i < values.length; i++) {
    const at = i % perSample;
    const channel = channelAxis === 1 ? Math.floor(at / (height * width)) : at % channels;
    const pixel = channelAxis === 1 ? at % (height * width) : Math.floor(at / channels);
    const [y, x] = [Math.floor(pixel / width) / height, (pixel % width) / width];
    let value = 0.05 * normal(random);
    for (const { down, across, phase, gains } of waves)
      value += (gains[channel] ?? 0) * Math.sin(2 * Math.PI * (down * y + across * x) + phase);
    values[i] = value;
  }
  return values;
}

/** A tone that swells and rises, a little noise beneath: within ±1. */
function chirp(size: number, random: Random): Float64Array {
  const [start, rise, swell] = [0.02 + 0.1 * random(), 0.2 * random(), 1 + 4 * random()];
  return Float64Array.from({ length: size }, (_, i) => {
    const t = i / size;
    const loud = 0.5 + 0.5 * Math.sin(2 * Math.PI * swell * t);
    return 0.6 * loud * Math.sin(i * (start + rise * t)) + 0.01 * normal(random);
  });
}

/** Token numbers, a mask of ones, zeros for segments; small numbers where the name tells nothing. */
function integerValues(name: string, type: ElementType, size: number, random: Random): Float64Array {
  const most = /ids?$|tokens?$/i.test(name) ? 1000 : 10;
  const fixed = type === 'bool' || /mask/i.test(name) ? 1 : /type/i.test(name) ? 0 : null;
  const limit = type === 'int8' ? Math.min(most, 128) : type === 'uint8' ? 256 : most;
  return Float64Array.from({ length: size }, () => fixed ?? Math.floor(random() * limit));
}

function stored(type: ElementType, values: Float64Array): TensorData {
  const data = newTensorData(type, values.length);
  values.forEach((value, i) => {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(value);
    else data[i] = type === 'float16' ? numberToHalf(value) : value;
  });
  return data;
}

/** Marsaglia's xorshift of 32 bits: the same numbers on every machine. */
function randomFrom(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(random() + 2 ** -33)) * Math.cos(2 * Math.PI * random());
}
