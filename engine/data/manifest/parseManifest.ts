import type { MetricName } from '../../shared/protocol/choices';
import { errorText } from '../../shared/engineError';
import { parseJson } from '../../shared/parseJson';
import { badData } from '../samples/badData';
import { JsonValue } from '../samples/jsonValue';
import type { Alphabet, Audio, Manifest, Pad, Part, Preprocess, Resize, SampleEntry } from './manifest';
import { presetNames } from './presets';
import { readTruth } from './readTruth';

/** Every metric that data may name. */
export const metricNames: readonly MetricName[] = [
  ...(['top1', 'top5', 'ctc', 'frames', 'iou', 'segments'] as const),
  ...(['sqnr', 'cosine', 'agreement'] as const),
];
const SIZE = { integer: true, min: 1, max: 16384 };

/**
 * Reads the text of a `quantscope.json`; `file` is what errors call it.
 * @throws EngineError `bad-data` that names the file, the key and the value
 */
export function parseManifest(text: string, file: string): Manifest {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (error) {
    throw badData(`${file} is not JSON: ${errorText(error)}.`, 'Correct the file.', error);
  }
  const root = new JsonValue(file, '', json);
  const keys = [
    'version',
    'input',
    'preset',
    'preprocess',
    'audio',
    'state',
    'constants',
    'metric',
    'threshold',
    'outputs',
    'alphabet',
    'samples',
    'calibration',
    'evaluation',
  ];
  const members = root.members(keys);
  const manifest: Manifest = {
    version: JsonValue.required(root, members, 'version').oneOf([1] as const),
    input: members.get('input')?.string(),
    preset: members.get('preset')?.oneOf(presetNames),
    preprocess: optional(members.get('preprocess'), readPreprocess),
    audio: optional(members.get('audio'), readAudio),
    state: optional(members.get('state'), (value) => readMap(value, (item) => item.string())),
    constants: optional(members.get('constants'), (value) => readMap(value, (item) => item.number())),
    metric: members.get('metric')?.oneOf(metricNames),
    threshold: members.get('threshold')?.number(),
    outputs: members
      .get('outputs')
      ?.items()
      .map((item) => item.string()),
    alphabet: optional(members.get('alphabet'), readAlphabet),
    samples: optional(members.get('samples'), readPart),
    calibration: optional(members.get('calibration'), readPart),
    evaluation: optional(members.get('evaluation'), readPart),
  };
  const named = [manifest.calibration, manifest.evaluation].filter((part) => part !== undefined).length;
  if (manifest.samples === undefined ? named !== 2 : named !== 0) {
    const given = ['samples', 'calibration', 'evaluation'].filter((key) => members.has(key));
    throw badData(
      `${file} names ${given.length === 0 ? 'no samples' : `its samples under ${given.join(' and ')}`}.`,
      'Write either "samples", or both "calibration" and "evaluation".',
    );
  }
  return manifest;
}

function optional<T>(value: JsonValue | undefined, read: (value: JsonValue) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}

function readPart(value: JsonValue): Part {
  if (!Array.isArray(value.value)) {
    const members = value.members(['folder']);
    return { folder: JsonValue.required(value, members, 'folder').string() };
  }
  const entries = value.items().map(readEntry);
  if (entries.length === 0) throw value.error('List at least one sample.');
  return entries;
}

function readEntry(value: JsonValue): SampleEntry {
  const members = value.members(['file', 'truth']);
  return {
    file: JsonValue.required(value, members, 'file').string(),
    truth: optional(members.get('truth'), readTruth),
  };
}

function readAlphabet(value: JsonValue): Alphabet {
  const members = value.members(['file', 'space']);
  return {
    file: JsonValue.required(value, members, 'file').string(),
    space: members.get('space')?.boolean(),
  };
}

function readPreprocess(value: JsonValue): Preprocess {
  const members = value.members(['layout', 'color', 'resize', 'scale', 'mean', 'std', 'pad']);
  const color = members.get('color')?.oneOf(['RGB', 'BGR', 'gray'] as const);
  const channels = color === 'gray' ? 1 : 3;
  const std = members.get('std');
  const preprocess = {
    layout: members.get('layout')?.oneOf(['NCHW', 'NHWC'] as const),
    color,
    resize: optional(members.get('resize'), readResize),
    scale: optional(members.get('scale'), (one) => readPerChannel(one, channels)),
    mean: optional(members.get('mean'), (one) => readPerChannel(one, channels)),
    std: optional(std, (one) => readPerChannel(one, channels)),
    pad: optional(members.get('pad'), readPad),
  };
  if (std !== undefined && [preprocess.std].flat().includes(0))
    throw std.error('Write numbers other than 0: pixels are divided by them.');
  return preprocess;
}

function readAudio(value: JsonValue): Audio {
  const members = value.members(['sampleRate', 'frame', 'context']);
  const size = { integer: true, min: 1, max: 2 ** 24 };
  return {
    sampleRate: members.get('sampleRate')?.number(size),
    frame: members.get('frame')?.number(size),
    context: members.get('context')?.number({ ...size, min: 0 }),
  };
}

/** An object whose names are anyone's. */
function readMap<T>(value: JsonValue, read: (item: JsonValue) => T): Record<string, T> {
  const names = typeof value.value === 'object' && value.value !== null ? Object.keys(value.value) : [];
  return Object.fromEntries([...value.members(names)].map(([name, item]) => [name, read(item)]));
}

function readPerChannel(value: JsonValue, channels: number): number | number[] {
  if (!Array.isArray(value.value)) return value.number();
  const items = value.items();
  if (items.length !== channels)
    throw value.error(`Write one number, or a list of ${channels}: one per channel.`);
  return items.map((item) => item.number());
}

function readResize(value: JsonValue): Resize {
  const members = value.members(['mode', 'width', 'height', 'zoom']);
  const mode = JsonValue.required(value, members, 'mode').oneOf(['stretch', 'keep-aspect', 'crop'] as const);
  const width = members.get('width')?.number(SIZE);
  const height = members.get('height')?.number(SIZE);
  if (width === undefined && height === undefined) throw value.error('Add "width", "height" or both.');
  if (mode !== 'keep-aspect' && (width === undefined || height === undefined))
    throw value.error(`Mode "${mode}" needs both "width" and "height".`);
  const zoom = members.get('zoom');
  if (zoom !== undefined && mode !== 'crop') throw zoom.error('Only mode "crop" knows a zoom: leave it out.');
  return { mode, width, height, zoom: zoom?.number({ min: 1, max: 16 }) };
}

function readPad(value: JsonValue): Pad {
  const members = value.members(['minWidth', 'minHeight', 'multipleOf', 'value']);
  return {
    minWidth: members.get('minWidth')?.number(SIZE),
    minHeight: members.get('minHeight')?.number(SIZE),
    multipleOf: members.get('multipleOf')?.number(SIZE),
    value: members.get('value')?.number(),
  };
}
