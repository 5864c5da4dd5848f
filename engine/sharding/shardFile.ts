import { basename } from 'node:path';
import { EngineError, errorText } from '../shared/engineError';
import { JsonValue } from '../data/samples/jsonValue';
import { readBounded } from '../data/samples/readBounded';
import { presetNames } from '../data/manifest/presets';
import { writeOutput } from '../shared/node/writeFile';
import type { Dimensions } from '../onnx/graph/bindDimensions';
import { parseJson } from '../shared/parseJson';
import type { Resolved } from '../evaluate/baseline';
import { RECIPE_VERSION } from '../shared/protocol/recipe';
import type { AnalyzeSettings } from '../shared/protocol/settings';
import type { ProfileName } from '../shared/protocol/choices';
import { parseRecipe } from '../recipe/parseRecipe';
import { recipeText, rulesOf } from '../shared/recipe/recipeText';
import type { Shard } from '../common/shards';
import { checkSettings, parseCalibration, profileChoices } from '../recipe/parseSettings';
import type { MeasuredPlaces, Measurement } from './mergedRatings';

const FORMAT = 'quantscope part of an analysis';
const VERSION = 2;
const MAX_BYTES = 2 ** 28;
const profileNames = profileChoices.filter((choice) => choice !== 'auto');

/** What one of several machines measured of a model, and of what: what `analyze --shard` writes. */
export interface AnalysisPart {
  /** The program's version, and onnxruntime's. */
  engine: string;
  shard: Shard;
  /** Path of the model, and sizes for the dimensions that it leaves open. */
  path: string;
  dimensions: Dimensions;
  /** {@link ModelSummary.hash}. */
  model: string;
  settings: Resolved<AnalyzeSettings>;
  /** {@link sourceDigest} of the samples that choose. */
  data: string;
  /** The profile that the machine's processor takes, and what it is called. */
  machine: { profile: ProfileName; processor: string };
  measurements: Measurement[];
}

/** Writes a part, whole or not at all. */
export async function writePart(file: string, part: AnalysisPart): Promise<void> {
  const { settings, measurements, ...rest } = part;
  const { recipe, ...plain } = settings;
  const stored = {
    ...{ format: FORMAT, version: VERSION },
    ...rest,
    // As a recipe's text, which is checked as a user's is when it comes back.
    settings: {
      ...plain,
      ...(recipe === undefined ? {} : { recipe: recipeText({ version: RECIPE_VERSION, ...recipe }) }),
    },
    measurements: measurements.map((m) => ({ ...m, layers: m.layers.map(storedPlaces) })),
  };
  await writeOutput(file, `${JSON.stringify(stored)}\n`);
}

/** JSON knows no NaN, and writes null. */
function storedPlaces({ name, from, values, weights, sqnrDb, cosine }: MeasuredPlaces) {
  return {
    ...{ name, from, values: [...values], weights: [...weights] },
    ...{ sqnrDb: [...sqnrDb], cosine: [...cosine] },
  };
}

/** @throws EngineError `not-found`; `bad-data` that names the file, and the key that is wrong */
export async function readPart(path: string): Promise<AnalysisPart> {
  const file = basename(path);
  const hint = 'Write it again with "quantscope analyze --shard".';
  const text = new TextDecoder().decode(await readBounded(path, MAX_BYTES, file));
  if (!text.trimStart().startsWith('{'))
    throw new EngineError(
      'bad-data',
      `${file} is part of neither a calibration nor an analysis.`,
      'Name what "quantscope calibrate --shard" or "quantscope analyze --shard" wrote.',
    );
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (thrown) {
    const why = `${file} is no part of an analysis, or is cut off: ${errorText(thrown)}.`;
    throw new EngineError('bad-data', why, hint, { cause: thrown });
  }
  const root = new JsonValue(file, '', json);
  const keys = ['format', 'version', 'engine', 'shard', 'path', 'dimensions', 'model', 'settings', 'data'];
  const get = reader(root, [...keys, 'machine', 'measurements']);
  get('format').oneOf([FORMAT]);
  get('version').oneOf([VERSION]);
  const shard = reader(get('shard'), ['index', 'count']);
  const count = shard('count').number({ integer: true, min: 1, max: 999_999 });
  const machine = reader(get('machine'), ['profile', 'processor']);
  const profile = machine('profile').oneOf(profileNames);
  return {
    engine: get('engine').string(),
    shard: { index: shard('index').number({ integer: true, min: 1, max: count }), count },
    path: get('path').string(),
    dimensions: dimensionsOf(get('dimensions')),
    model: get('model').string(),
    settings: asData(file, () => settingsOf(get('settings'), file)),
    data: get('data').string(),
    machine: { profile, processor: machine('processor').string() },
    measurements: get('measurements').items().map(measurementOf),
  };
}

/** Members of an object that all must be there, but for the optional ones. */
function reader(owner: JsonValue, required: readonly string[], optional: readonly string[] = []) {
  const members = owner.members([...required, ...optional]);
  return (key: string) => JsonValue.required(owner, members, key);
}

function dimensionsOf(value: JsonValue): Dimensions {
  const names = typeof value.value === 'object' && value.value !== null ? Object.keys(value.value) : [];
  const sizes = [...value.members(names)].map(
    ([name, size]) => [name, size.number({ integer: true, min: 1, max: 2 ** 31 })] as const,
  );
  return Object.fromEntries(sizes);
}

const required = ['data', 'preset', 'samples', 'weights', 'calibration', 'profile', 'targetDrop'];
const optional = ['skipFailed', 'calibrated', 'recipe'];

function settingsOf(value: JsonValue, file: string): Resolved<AnalyzeSettings> {
  const get = reader(value, required, optional);
  const members = value.members([...required, ...optional]);
  const preset = get('preset');
  const samples = get('samples');
  const recipe = members.get('recipe')?.string();
  const skipFailed = members.get('skipFailed')?.boolean();
  const calibrated = members.get('calibrated')?.string();
  const settings: Resolved<AnalyzeSettings> = {
    data: get('data').string(),
    preset: preset.value === null ? null : preset.oneOf(presetNames),
    samples: samples.value === null ? null : samples.number({ integer: true, min: 1 }),
    weights: get('weights').oneOf(['per-channel', 'per-tensor']),
    calibration: parseCalibration(get('calibration').string()),
    profile: get('profile').oneOf(profileNames),
    targetDrop: get('targetDrop').number({ min: 0, max: 1 }),
    ...(recipe === undefined ? {} : { recipe: rulesOf(parseRecipe(recipe, `${file}, recipe`)) }),
    ...(skipFailed === undefined ? {} : { skipFailed }),
    ...(calibrated === undefined ? {} : { calibrated }),
  };
  checkSettings(settings);
  return settings;
}

/** Settings are checked as options are; here a file is wrong, not the command line. */
function asData<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    const message = thrown.message.startsWith(file) ? thrown.message : `${file}: ${thrown.message}`;
    throw new EngineError('bad-data', message, thrown.hint, { cause: thrown });
  }
}

function measurementOf(value: JsonValue): Measurement {
  const get = reader(value, ['kind', 'network', 'samples', 'isWhole', 'layers']);
  const samples = get('samples').number({ integer: true, min: 1 });
  return {
    kind: get('kind').oneOf(['alone', 'without']),
    network: get('network').string(),
    samples,
    isWhole: get('isWhole').boolean(),
    layers: get('layers')
      .items()
      .map((layer) => placesOf(layer, samples)),
  };
}

function placesOf(value: JsonValue, samples: number): MeasuredPlaces {
  const get = reader(value, ['name', 'from', 'values', 'weights', 'sqnrDb', 'cosine']);
  const from = get('from').number({ integer: true, min: 0, max: samples - 1 });
  const numbers = (key: string, isNumber: (item: unknown) => item is number | null) => {
    const list = get(key);
    const items: unknown[] = Array.isArray(list.value) ? list.value : [];
    const odd = items.findIndex((item) => !isNumber(item));
    if (!Array.isArray(list.value) || items.length > samples - from)
      throw list.error(`Write a list of ${samples - from} numbers at most.`);
    if (odd >= 0) throw list.item(odd).error('Write a number.');
    return Float64Array.from(items, (item) => (typeof item === 'number' ? item : NaN));
  };
  const values = numbers('values', isFiniteNumber);
  const weights = numbers('weights', isWeight);
  const sqnrDb = numbers('sqnrDb', isFiniteOrNull);
  const cosine = numbers('cosine', isFiniteOrNull);
  if ([weights, sqnrDb, cosine].some(({ length }) => length !== values.length))
    throw value.error('Give its values, weights, sqnrDb and cosine the same length.');
  return { name: get('name').string(), from, values, weights, sqnrDb, cosine };
}

function isFiniteNumber(item: unknown): item is number {
  return Number.isFinite(item);
}

function isWeight(item: unknown): item is number {
  return typeof item === 'number' && Number.isFinite(item) && item >= 0;
}

function isFiniteOrNull(item: unknown): item is number | null {
  return item === null || Number.isFinite(item);
}
