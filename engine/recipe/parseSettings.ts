import { EngineError } from '../shared/engineError';
import type { AnalyzeSettings } from '../shared/protocol/settings';
import type {
  Budget,
  CalibrationChoice,
  LayerChoice,
  LayerGrid,
  PresetName,
  Resource,
} from '../shared/protocol/choices';
import { presetNames } from '../data/manifest/presets';

/**
 * Reads a calibrator's name: `auto`, `mixed`, `max`, `entropy`, `mse` or `percentile:99.99`.
 * @throws EngineError `bad-option`
 */
export function parseCalibration(text: string): CalibrationChoice {
  const named = (['auto', 'mixed', 'max', 'entropy', 'mse'] as const).find((name) => name === text);
  if (named !== undefined) return named;
  const percent = Number(/^percentile:(\d+(?:\.\d+)?)$/.exec(text)?.[1]);
  if (percent >= 50 && percent <= 100) return `percentile:${percent}`;
  throw new EngineError(
    'bad-option',
    `There is no calibration "${text}".`,
    'Use max, entropy, mse, mixed, auto, or percentile:P with P from 50 to 100.',
  );
}

/**
 * Reads a relative drop: `1%` or `0.01`.
 * @throws EngineError `bad-option` outside 0 … 100%
 */
export function parseTargetDrop(text: string): number {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
  const drop = Number(number) / (percent === '%' ? 100 : 1);
  if (drop > 0 && drop < 1) return drop;
  throw new EngineError('bad-option', `"${text}" is no target drop.`, 'Say 1% or 0.01, between 0 and 100%.');
}

/**
 * Reads a whole number of at least 1.
 * @throws EngineError `bad-option`
 */
export function parseSamples(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new EngineError('bad-option', `"${text}" is no number of samples.`, 'Use a whole number from 1.');
}

const byteUnits: Readonly<Record<string, number>> = { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9 };
const countUnits: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };
const timeUnits: Readonly<Record<string, number>> = { MS: 1, S: 1000 };
const resourceUnits: Readonly<Record<Resource, Readonly<Record<string, number>>>> = {
  bytes: byteUnits,
  bops: countUnits,
  latency: timeUnits,
};
/** What can be budgeted. */
export const resourceNames: readonly Resource[] = ['bytes', 'bops', 'latency'];

/**
 * Reads a budget: `bytes=30%` of the float model's, `bytes=3.2MB`, `bops=12G`, `latency=9ms`.
 * @throws EngineError `bad-option`
 */
export function parseBudget(text: string): Budget {
  const [, name, number, unit = ''] = /^(\w+)=(\d+(?:\.\d+)?)\s*(%|[A-Za-z]*)$/.exec(text.trim()) ?? [];
  const resource = resourceNames.find((known) => known === name);
  const value = Number(number);
  if (resource !== undefined && value > 0) {
    if (unit === '%' && Number.isFinite(value)) return { resource, limit: value / 100, isShare: true };
    const factor = Object.entries(resourceUnits[resource]).find(([u]) => u === unit.toUpperCase())?.[1];
    const limit = value * (factor ?? NaN);
    if (Number.isFinite(limit)) return { resource, limit, isShare: false };
  }
  throw new EngineError(
    'bad-option',
    `"${text}" is no budget.`,
    'Say bytes=30% for 30% of float, or bytes=3.2MB, bops=12G, latency=9ms.',
  );
}

const planGrids: readonly LayerGrid[] = ['uint8', 'int16', 'int4', 'int4-block', 'dynamic', 'int8-weights'];

/**
 * Reads the grids that layers may be on besides int8 and float: `int4-block,int16`, or `none`.
 * @throws EngineError `bad-option`
 */
export function parseGrids(text: string): LayerChoice[] {
  const known: readonly LayerChoice[] = [...planGrids, 'int8', 'float', 'float16'];
  if (text.trim() === 'none') return [];
  return text.split(',').map((part) => {
    const found = known.find((grid) => grid === part.trim());
    if (found !== undefined) return found;
    throw new EngineError(
      'bad-option',
      `There is no grid "${part.trim()}".`,
      `Use ${[...planGrids, 'float16'].join(', ')}, or none.`,
    );
  });
}

/**
 * Reads a part of the samples: `2/5` is the second of five.
 * @throws EngineError `bad-option`
 */
export function parseShard(text: string): { index: number; count: number } {
  const [, index, count] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (index !== undefined && count !== undefined && index >= 1 && index <= count) return { index, count };
  throw new EngineError('bad-option', `"${text}" is no part.`, 'Say 2/5 for the second of five parts.');
}

/**
 * Reads an open dimension's size: `batch=1`, or `x[0]=1` where it has no name.
 * @throws EngineError `bad-option`
 */
export function parseDimension(text: string): [name: string, size: number] {
  const at = text.lastIndexOf('=');
  const size = Number(text.slice(at + 1));
  // Sizes go to int64 dimensions, and a tensor of more elements than this fits no machine.
  if (at > 0 && /^\d+$/.test(text.slice(at + 1)) && size >= 1 && size <= 2 ** 31)
    return [text.slice(0, at), size];
  throw new EngineError(
    'bad-option',
    `"${text}" is no dimension.`,
    'Say NAME=SIZE, such as batch=1, or x[0]=1 for the first axis of input x.',
  );
}

/**
 * Refuses a preset that there is not.
 * @throws EngineError `bad-option`
 */
export function checkPreset(preset: string | null): asserts preset is PresetName | null {
  const known: readonly string[] = presetNames;
  if (preset === null || known.includes(preset)) return;
  throw new EngineError('bad-option', `There is no preset "${preset}".`, `Use ${known.join(', ')}.`);
}

const granularities: readonly string[] = ['per-channel', 'per-tensor'];
/** What `--profile` and the editor's setting take. */
export const profileChoices = ['auto', 'x86', 'x86-avx2', 'arm', 'tensorrt'] as const;

/**
 * Refuses settings that no terminal checked: an editor hands on whatever a settings file holds.
 * @throws EngineError `bad-option` that names the value
 */
export function checkSettings(settings: AnalyzeSettings): void {
  const { weights, calibration, profile, samples, targetDrop } = settings;
  parseCalibration(calibration);
  checkPreset(settings.preset);
  if (samples !== null) parseSamples(String(samples));
  const oneOf = (what: string, value: string, known: readonly string[]) => {
    if (known.includes(value)) return;
    throw new EngineError('bad-option', `There is no ${what} "${value}".`, `Use ${known.join(' or ')}.`);
  };
  oneOf('weight granularity', weights, granularities);
  oneOf('profile', profile, profileChoices);
  if (!(targetDrop >= 0 && targetDrop <= 1)) {
    throw new EngineError('bad-option', `${targetDrop} is no target drop.`, 'Use a number from 0 to 1.');
  }
}
