import { createHash } from 'node:crypto';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../common/cacheFolder';
import { makeFolder } from '../common/makeFolder';
import { readCalibration, writeCalibration, type CalibrationRecord } from './calibrationFile';

/** A calibration of a middling model takes about a megabyte. */
const MOST_KEPT = 50;

/** Which calibrations can stand for one another: same model, same tensors, same first sample. */
export interface CalibrationKey {
  model: string;
  tensors: ReadonlySet<string>;
  /** Digest of the first sample; the others are compared one by one. */
  firstSample: string;
}

function folder(): string {
  return join(cacheFolder(), 'calibration');
}

function fileOf({ model, tensors, firstSample }: CalibrationKey): string {
  const key = createHash('sha256')
    .update(JSON.stringify([model, [...tensors].sort(), firstSample]))
    .digest('hex')
    .slice(0, 32);
  return join(folder(), `${key}.calibration`);
}

/** What was counted before, wholly or until it was cancelled; `undefined` when nothing was or it is damaged. */
export async function loadCalibration(key: CalibrationKey): Promise<CalibrationRecord | undefined> {
  const file = fileOf(key);
  try {
    const found = await readCalibration(file);
    const now = new Date();
    await utimes(file, now, now);
    return found.model === key.model ? found : undefined;
  } catch {
    // Then the samples are run.
    return undefined;
  }
}

/** Remembers a calibration if it can, and forgets those that were used longest ago. */
export async function storeCalibration(key: CalibrationKey, record: CalibrationRecord): Promise<void> {
  try {
    await makeFolder(folder());
    await writeCalibration(fileOf(key), record);
    const files = (await readdir(folder())).map((name) => join(folder(), name));
    if (files.length <= MOST_KEPT) return;
    const aged = await Promise.all(files.map(async (file) => ({ file, used: (await stat(file)).mtimeMs })));
    const oldest = aged.sort((a, b) => a.used - b.used).slice(0, files.length - MOST_KEPT);
    for (const { file } of oldest) await rm(file, { force: true });
  } catch {
    // A full disk or a closed folder must not cost the result.
  }
}
