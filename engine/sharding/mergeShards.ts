import { isDeepStrictEqual } from 'node:util';
import type { AnalysisPart } from './shardFile';
import { EngineError } from '../shared/engineError';
import type { Resolved } from '../evaluate/baseline';
import type { AnalyzeSettings } from '../shared/protocol/settings';
import { KnownRatings } from './mergedRatings';

/** The parts of one analysis. */
export interface JoinedParts extends Pick<
  AnalysisPart,
  'engine' | 'path' | 'dimensions' | 'model' | 'settings' | 'data' | 'machine'
> {
  known: KnownRatings;
  /** What the processors that measured are called. */
  processors: string[];
}

/**
 * Puts the parts that `analyze --shard` wrote together.
 * @param parts with the names that errors call them, in any order
 * @throws EngineError `bad-data` that names the part that is missing, doubled, or of something else
 */
export function joinParts(parts: readonly (readonly [file: string, AnalysisPart])[]): JoinedParts {
  const [head] = parts;
  if (head === undefined) throw new RangeError('nothing to merge');
  const [firstFile, first] = head;
  for (const [file, part] of parts.slice(1)) {
    const said = differenceOf(first, part);
    if (said !== null)
      throw refuse(`${firstFile} and ${file} do not belong together: ${said.what}.`, said.hint);
  }
  const { count } = first.shard;
  const other = parts.find(([, { shard }]) => shard.count !== count);
  if (other !== undefined)
    throw refuse(
      `${firstFile} is one of ${count} parts, ${other[0]} of ${other[1].shard.count}.`,
      'Merge the parts of one array of jobs.',
    );
  const holders = new Map<number, string>();
  for (const [file, { shard }] of parts) {
    const holder = holders.get(shard.index);
    if (holder !== undefined) {
      const hint = `Give every machine another --shard, from 1/${count} to ${count}/${count}.`;
      throw refuse(`${holder} and ${file} are both part ${shard.index} of ${count}.`, hint);
    }
    holders.set(shard.index, file);
  }
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !holders.has(index));
  if (missing.length > 0) {
    const [index = 1] = missing;
    const others = missing.length === 1 ? '' : `, and ${missing.length - 1} more,`;
    throw refuse(
      `Part ${index} of ${count}${others} is missing.`,
      `Write it with "quantscope analyze --shard ${index}/${count}".`,
    );
  }
  const { engine, path, dimensions, model, settings, data, machine } = first;
  return {
    ...{ engine, path, dimensions, model, settings, data, machine },
    known: new KnownRatings(parts.map(([file, { shard, measurements }]) => ({ file, shard, measurements }))),
    processors: [...new Set(parts.map(([, part]) => part.machine.processor))],
  };
}

/**
 * Refuses parts that were measured of something else than what is here.
 * @throws EngineError `bad-data`
 */
export function checkParts(
  parts: JoinedParts,
  here: Partial<Pick<AnalysisPart, 'engine' | 'model' | 'machine' | 'data'>>,
): void {
  const said = differenceOf(parts, { ...parts, ...here });
  if (said !== null) throw refuse(`The parts do not fit what is here: ${said.what}.`, said.hint);
}

/** What parts of one analysis have alike, and these have not. */
function differenceOf(
  a: Omit<JoinedParts, 'known' | 'processors'>,
  b: Omit<JoinedParts, 'known' | 'processors'>,
): { what: string; hint: string } | null {
  if (a.engine !== b.engine)
    return {
      what: `one is of Quantscope ${a.engine}, the other of ${b.engine}`,
      hint: 'Use one version for all.',
    };
  if (a.model !== b.model)
    return {
      what: 'they are of different models',
      hint: 'Merge the parts of one model, with the same --dim.',
    };
  if (a.machine.profile !== b.machine.profile)
    return {
      what: `one processor computes as ${a.machine.profile}, the other as ${b.machine.profile}`,
      hint: 'Use processors of one kind for all.',
    };
  const key = settingThatDiffers(a.settings, b.settings);
  if (key !== null)
    return {
      what: `${key} is ${textOf(a.settings[key])} in one, ${textOf(b.settings[key])} in the other`,
      hint: 'Give every part the same options.',
    };
  if (a.data !== b.data)
    return { what: 'the samples differ', hint: 'Give every part the same --data, and "merge" too.' };
  return null;
}

/** Paths may differ from machine to machine: what lies there is compared instead. */
function settingThatDiffers(
  a: Resolved<AnalyzeSettings>,
  b: Resolved<AnalyzeSettings>,
): keyof AnalyzeSettings | null {
  const keys = [
    ...(['preset', 'samples', 'weights', 'calibration', 'profile', 'targetDrop'] as const),
    ...(['recipe', 'skipFailed'] as const),
  ];
  return keys.find((key) => !isDeepStrictEqual(a[key], b[key])) ?? null;
}

function textOf(value: unknown): string {
  const text = value === undefined ? 'not given' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function refuse(message: string, hint: string): EngineError {
  return new EngineError('bad-data', message, hint);
}
