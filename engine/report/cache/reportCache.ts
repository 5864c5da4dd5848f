import { readEntry, writeEntry } from './cacheStore';
import { readBounded } from '../../data/samples/readBounded';
import { baseName } from '../../shared/format';
import { keptReport, MAX_REPORT_BYTES, parseReport } from '../../shared/shapes/parseReport';
import type { ModelSummary } from '../../shared/protocol/model';
import type { Report } from '../../shared/protocol/report';

function previousOf(hash: string): string {
  return `${hash}.previous`;
}

async function loadEntry(name: string, model: ModelSummary): Promise<Report | null> {
  const report = keptReport(await readEntry(name));
  return report === null ? null : { ...report, model };
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
  const known = keptReport(await readEntry(hash));
  if (known !== null && known.created !== report.created) await writeEntry(previousOf(hash), known);
  await writeEntry(hash, report);
}

/**
 * A report that `analyze --json` wrote.
 * @throws EngineError `not-found`, `bad-data`
 */
export async function readReport(file: string): Promise<Report> {
  const bytes = await readBounded(file, MAX_REPORT_BYTES, baseName(file));
  return parseReport(new TextDecoder().decode(bytes), baseName(file));
}
