import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { readPart } from './shardFile';
import { mergeRecords, readCalibration, type CalibrationRecord } from '../calibrate/calibrationFile';
import { EngineError } from '../shared/engineError';
import { joinParts, type JoinedParts } from './mergeShards';

/** What parts of one kind are together. */
export type OpenedParts =
  { kind: 'calibration'; record: CalibrationRecord } | { kind: 'analysis'; parts: JoinedParts };

/**
 * Reads what `calibrate --shard` or `analyze --shard` wrote, whichever it is.
 * @param files paths, in any order
 * @throws EngineError `not-found`, `bad-data`
 */
export async function openParts(files: readonly string[]): Promise<OpenedParts> {
  const calibrations: (readonly [string, CalibrationRecord])[] = [];
  const analyses: (readonly [string, Awaited<ReturnType<typeof readPart>>])[] = [];
  for (const file of files) {
    const name = basename(file);
    if (await isCompressed(file)) calibrations.push([name, await readCalibration(file)]);
    else analyses.push([name, await readPart(file)]);
  }
  const [[calibration], [analysis]] = [calibrations, analyses];
  if (calibration !== undefined && analysis !== undefined)
    throw new EngineError(
      'bad-data',
      `${calibration[0]} is of a calibration, and ${analysis[0]} is part of an analysis.`,
      'Merge parts of one kind.',
    );
  return analysis === undefined
    ? { kind: 'calibration', record: mergeRecords(calibrations) }
    : { kind: 'analysis', parts: joinParts(analyses) };
}

/** Calibrations are, and parts of analyses are not. What cannot be opened is for its reader to name. */
async function isCompressed(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => null);
  // A pipe would be waited for.
  if (found?.isFile() !== true) return false;
  const handle = await open(file).catch(() => null);
  if (handle === null) return false;
  try {
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0).catch(() => ({ buffer: Buffer.alloc(2) }));
    return buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}
