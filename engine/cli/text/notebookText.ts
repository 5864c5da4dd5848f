import {
  dropUnit,
  formatChange,
  formatMilliseconds,
  formatPlural,
  formatScore,
  shorten,
} from '../../shared/format';
import type { MetricName } from '../../shared/protocol/choices';
import type { NotebookEntry } from '../../shared/protocol/report';
import type { SettledSettings } from '../../shared/protocol/settings';
import { textTable } from './textTable';

const TRIED_WIDTH = 60;
/** Of one step; more are counted, not listed. */
const MOST_OF_A_STEP = 8;

/** The entries in runs of one step. */
function runs(notebook: readonly NotebookEntry[]): NotebookEntry[][] {
  const found: NotebookEntry[][] = [];
  for (const entry of notebook) {
    const last = found.at(-1);
    if (last?.[0]?.step === entry.step) last.push(entry);
    else found.push([entry]);
  }
  return found;
}

/** Those of a run that are listed: what was kept comes first, then what was tried first. */
function listed(run: readonly NotebookEntry[]): NotebookEntry[] {
  if (run.length <= MOST_OF_A_STEP) return [...run];
  const chosen = new Set([...run].sort((a, b) => Number(b.kept) - Number(a.kept)).slice(0, MOST_OF_A_STEP));
  return run.filter((entry) => chosen.has(entry));
}

/** All that the workflow tried, as in a laboratory notebook; long runs of one step are shortened. */
export function notebookText(
  notebook: readonly NotebookEntry[],
  metric: MetricName,
  { choosingSamples, evaluationSamples, sharedSamples }: SettledSettings,
): string {
  if (notebook.length === 0) return '';
  const unit = dropUnit(metric);
  const rows = runs(notebook).flatMap((run) => {
    const shown = listed(run);
    const more = run.length - shown.length;
    const lines = shown.map(({ step, tried, latencyMs, kept, ...entry }, i) => [
      kept ? '*' : '',
      i === 0 ? step : '',
      shorten(tried, TRIED_WIDTH) +
        (step === 'latency' && latencyMs !== undefined ? `, ${formatMilliseconds(latencyMs)}` : ''),
      formatScore(metric, entry.score),
      formatChange(metric, entry),
    ]);
    return more === 0
      ? lines
      : [...lines, ['', '', `${formatPlural(more, 'more try', 'more tries')}; --json has all.`]];
  });
  const on = sharedSamples
    ? `all on the same ${formatPlural(evaluationSamples, 'sample')}`
    : `on ${formatPlural(choosingSamples, 'sample')} that choose, verified on ${evaluationSamples} others`;
  return [
    `What was tried, ${on}; * is kept:`,
    textTable([['', 'Step', 'Tried', 'Score', unit === '' ? 'Change' : `Change, ${unit}`], ...rows], 3),
  ].join('\n');
}
