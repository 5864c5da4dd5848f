import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { EngineError, errorText } from '../shared/engineError';
import { writeOutput } from '../shared/node/writeFile';
import { baseName } from '../shared/format';
import { readBounded } from '../data/samples/readBounded';
import { parseJson } from '../shared/parseJson';
import { mergeCalibrations, type Calibration } from './calibrationPass';
import {
  BINS_PER_OCTAVE,
  NEGATIVE,
  NOT_FINITE_EXPONENT,
  stateOf,
  type HistogramState,
} from '../stats/histogram';

const FORMAT = 'quantscope calibration';
const VERSION = 1;
const MAX_BYTES = 2 ** 30;
/** The longest text that Node has. */
const MAX_TEXT_BYTES = 2 ** 29 - 24;

/** A calibration with the model that it is of; what `calibrate` writes and the cache keeps. */
export interface CalibrationRecord extends Calibration {
  /** {@link ModelSummary.hash} of the model. */
  model: string;
}

/**
 * Octaves as `[octave, first bin, counts]`; trailing and leading bins without values are left out. JSON writes
 * integers and floats so that they come back the same.
 */
interface StoredHistogram extends Pick<HistogramState, 'min' | 'max' | 'notFinite'> {
  octaves: [octave: number, first: number, counts: number[]][];
}

/** Compressed JSON: small, the same on every machine, and nothing in it runs. */
export async function writeCalibration(file: string, record: CalibrationRecord): Promise<void> {
  const { model, counted, skipped, histograms } = record;
  const tensors = Object.entries(histograms).map(([name, state]) => [name, store(state)]);
  const json = JSON.stringify({ format: FORMAT, version: VERSION, model, counted, skipped, tensors });
  await writeOutput(file, await promisify(gzip)(json, { level: 1 }));
}

/** @throws EngineError `bad-data` that names the file and what is wrong with it */
export async function readCalibration(file: string): Promise<CalibrationRecord> {
  const bytes = await readBounded(file, MAX_BYTES, baseName(file));
  try {
    const text = (await promisify(gunzip)(bytes, { maxOutputLength: MAX_TEXT_BYTES })).toString('utf8');
    return checked(parseJson(text));
  } catch (thrown) {
    throw new EngineError(
      'bad-data',
      `${baseName(file)} is no calibration: ${errorText(thrown)}.`,
      'Write it anew with "quantscope calibrate".',
      { cause: thrown },
    );
  }
}

/**
 * The parts that `calibrate --shard` wrote, as one: bit for bit what one run over all samples writes.
 * @param parts with the names that errors call them
 * @throws EngineError `bad-data` when they are of different models or tensors, or count a sample twice
 */
export function mergeRecords(
  parts: readonly (readonly [name: string, CalibrationRecord])[],
): CalibrationRecord {
  const [first] = parts;
  if (first === undefined) throw new RangeError('nothing to merge');
  const holders = new Map<number, string>();
  const refuse = (message: string, hint: string) => new EngineError('bad-data', message, hint);
  for (const [name, { model, counted }] of parts) {
    if (model !== first[1].model) {
      throw refuse(`${name} and ${first[0]} are of different models.`, 'Merge the parts of one model.');
    }
    for (const sample of counted) {
      const holder = holders.get(sample.index);
      if (holder !== undefined) {
        throw refuse(
          `${name} and ${holder} both count sample ${sample.name}.`,
          'Give every part another --shard of the same data.',
        );
      }
      holders.set(sample.index, name);
    }
  }
  return { model: first[1].model, ...mergeCalibrations(parts.map(([, record]) => record)) };
}

function store({ octaves, min, max, notFinite }: HistogramState): StoredHistogram {
  const stored = octaves.map(({ octave, counts }): StoredHistogram['octaves'][number] => {
    const from = counts.findIndex((n) => n > 0);
    return [octave, from, [...counts.subarray(from, counts.findLastIndex((n) => n > 0) + 1)]];
  });
  return { octaves: stored, min, max, notFinite };
}

function checked(json: unknown): CalibrationRecord {
  const { format, version, model, counted, skipped, tensors } = record(json, 'it');
  if (format !== FORMAT) throw new Error('it says nothing of its format');
  if (version !== VERSION) throw new Error(`its version is ${String(version)}, not ${VERSION}`);
  return {
    model: string(model, 'model'),
    counted: list(counted, 'counted').map((c) => {
      const { index, name, digest } = record(c, 'a sample');
      return { index: count(index), name: string(name, 'name'), digest: string(digest, 'digest') };
    }),
    skipped: list(skipped, 'skipped').map((s) => {
      const { index, name, reason } = record(s, 'a sample');
      return { index: count(index), name: string(name, 'name'), reason: string(reason, 'reason') };
    }),
    histograms: Object.fromEntries(
      list(tensors, 'tensors').map((entry) => {
        const [name, state] = list(entry, 'a tensor');
        return [string(name, 'a tensor’s name'), restore(record(state, 'a histogram'))];
      }),
    ),
  };
}

function restore({ octaves, min, max, notFinite }: Record<string, unknown>): HistogramState {
  let last = -1;
  const restored = list(octaves, 'octaves').map((entry) => {
    const [at, from, stored] = list(entry, 'an octave');
    const octave = count(at);
    const first = count(from);
    const counts = new Float64Array(BINS_PER_OCTAVE);
    const values = list(stored, 'counts').map(count);
    const fits = octave > last && octave < 2 * NEGATIVE && octave % NEGATIVE !== NOT_FINITE_EXPONENT;
    if (!fits || first + values.length > BINS_PER_OCTAVE) throw new Error(`octave ${octave} is not one`);
    last = octave;
    counts.set(values, first);
    return { octave, counts };
  });
  const { nan, positive, negative, first } = record(notFinite, 'notFinite');
  return stateOf(restored, {
    min: finite(min),
    max: finite(max),
    notFinite: {
      ...{ nan: count(nan), positive: count(positive), negative: count(negative) },
      first: first === null ? null : count(first),
    },
  });
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new Error(`${what} is no object`);
}

function list(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${what} is no list`);
}

function string(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`${what} is no text`);
}

function count(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${String(value).slice(0, 40)} is no count`);
}

function finite(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new Error(`${String(value).slice(0, 40)} is no number`);
}
