import * as v from 'valibot';
import { EngineError, errorText } from '../engineError';
import { parseJson } from '../parseJson';
import type { Report } from '../protocol/report';
import { reportShape } from './reportShape';
import { misfit } from './shapes';

/** Larger files are no reports. */
export const MAX_REPORT_BYTES = 2 ** 28;

/** Asked first: of another version nothing else is as it should be. */
const versioned = v.object({ version: reportShape.entries.version });

/**
 * Reads a report that `analyze --json` wrote, or the editor.
 * @param label what errors call the file
 * @throws EngineError `bad-data` that names the key and the value that are none of a report
 */
export function parseReport(text: string, label: string): Report {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (thrown) {
    throw refused(label, errorText(thrown), thrown);
  }
  const why = misfit(versioned, json) ?? misfit(reportShape, json);
  if (why !== null) throw refused(label, why);
  return json as Report;
}

/** The report that was kept as JSON; `null` where it is none of today's shape. */
export function keptReport(json: unknown): Report | null {
  return misfit(reportShape, json) === null ? (json as Report) : null;
}

function refused(label: string, why: string, cause?: unknown): EngineError {
  const hint = 'Write it with "quantscope analyze --json", or with Export Report….';
  return new EngineError('bad-data', `${label} is no report: ${why}.`, hint, { cause });
}
