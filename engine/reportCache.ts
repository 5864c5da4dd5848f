import { readEntry, writeEntry } from './cacheEntry';
import { EngineError, errorText } from './engineError';
import { readBounded } from './feeds/readBounded';
import { baseName } from './format';
import { parseJson } from './parseJson';
import { REPORT_VERSION, type ModelSummary, type Report } from './protocol';

type Versioned = (Omit<Report, 'version'> & { version: number }) | null;

function previousOf(hash: string): string {
  return `${hash}.previous`;
}

async function loadEntry(name: string, model: ModelSummary): Promise<Report | null> {
  const report = (await readEntry(name)) as Versioned;
  return report?.version === REPORT_VERSION ? { ...report, version: REPORT_VERSION, model } : null;
}

/** The last analysis of a file with these bytes, wherever it lies now; `null` when there is none. */
export async function loadReport(model: ModelSummary): Promise<Report | null> {
  return loadEntry(model.hash, model);
}

/** The analysis before that one. */
export async function loadPreviousReport(model: ModelSummary): Promise<Report | null> {
  return loadEntry(previousOf(model.hash), model);
}

/** Remembers an analysis if it can, and the one that it takes the place of. */
export async function storeReport(report: Report): Promise<void> {
  const { hash } = report.model;
  const known = (await readEntry(hash)) as Versioned;
  if (known?.version === REPORT_VERSION && known.created !== report.created)
    await writeEntry(previousOf(hash), known);
  await writeEntry(hash, report);
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
    report = parseJson(text) as Partial<Report> | null;
  } catch (thrown) {
    throw refuse(errorText(thrown));
  }
  if (report?.version !== REPORT_VERSION) {
    throw refuse(`its version is ${String(report?.version)}, not ${REPORT_VERSION}`);
  }
  return report as Report;
}
