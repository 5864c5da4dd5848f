import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cacheFolder';
import { EngineError, errorText } from './engineError';
import { readBounded } from './feeds/readBounded';
import { baseName } from './format';
import { writeFileAtomically } from './onnx/model';
import { REPORT_VERSION, type ModelSummary, type Report } from './protocol';

function cacheFile(hash: string): string {
  return join(cacheFolder(), `${hash}.json`);
}

/** The last analysis of a file with these bytes, wherever it lies now; `null` when there is none. */
export async function loadReport(model: ModelSummary): Promise<Report | null> {
  try {
    const report = JSON.parse(await readFile(cacheFile(model.hash), 'utf8')) as Omit<Report, 'version'> & {
      version: number;
    };
    return report.version === REPORT_VERSION ? { ...report, version: REPORT_VERSION, model } : null;
  } catch {
    // A missing or damaged cache entry means only that the analysis has to run again.
    return null;
  }
}

/** Remembers an analysis if it can: a full disk or a closed folder must not cost its result. */
export async function storeReport(report: Report): Promise<void> {
  try {
    await mkdir(cacheFolder(), { recursive: true });
    await writeFileAtomically(cacheFile(report.model.hash), JSON.stringify(report));
  } catch {
    // Then the next one has to measure again.
  }
}

const MAX_REPORT_BYTES = 2 ** 28;

/**
 * A report that `analyze --json` wrote.
 * @throws EngineError `not-found`, `bad-data`
 */
export async function readReport(file: string): Promise<Report> {
  const text = new TextDecoder().decode(await readBounded(file, MAX_REPORT_BYTES, baseName(file)));
  const refuse = (why: string) => {
    const hint = 'Write it with "quantscope analyze --json".';
    return new EngineError('bad-data', `${baseName(file)} is no report: ${why}.`, hint);
  };
  let report: Partial<Report> | null;
  try {
    report = JSON.parse(text) as Partial<Report> | null;
  } catch (thrown) {
    throw refuse(errorText(thrown));
  }
  if (report?.version !== REPORT_VERSION) {
    throw refuse(`its version is ${String(report?.version)}, not ${REPORT_VERSION}`);
  }
  return report as Report;
}
