import type { MetricName } from '../../engine/shared/protocol/choices';
import type { NotebookEntry, NotebookStep } from '../../engine/shared/protocol/report';
import type { SettledSettings } from '../../engine/shared/protocol/settings';
import {
  dropUnit,
  formatChange,
  formatDb,
  formatMilliseconds,
  formatPlural,
  formatScore,
} from '../../engine/shared/format';
import { add, addText } from '../ui/dom';
import { addIcon } from '../ui/icons';

const titles: Record<NotebookStep, string> = {
  calibrator: 'Calibrators',
  operators: 'Operators between the layers',
  remedy: 'Remedies',
  grid: 'Finer grids',
  'float layers': 'Layers in float',
  latency: 'Latency',
  verification: 'Verification',
};

/** On which samples all this was scored. */
function describeSamples({ choosingSamples, evaluationSamples, sharedSamples }: SettledSettings): string {
  return sharedSamples
    ? `Everything, the verification too, on the same ${formatPlural(evaluationSamples, 'sample')}. ± is the standard error.`
    : `On the ${formatPlural(choosingSamples, 'sample')} that choose; the verification on ${evaluationSamples} others. ± is the standard error.`;
}

function addEntry(body: HTMLElement, entry: NotebookEntry, metric: MetricName): void {
  const { step, tried, score, sqnrDb, latencyMs, kept } = entry;
  const row = add(body, 'tr', kept ? 'used' : '');
  const title = add(row, 'th', 'tried');
  title.scope = 'row';
  const line = add(title, 'div', '');
  const slot = add(line, 'span', 'slot');
  if (kept) addIcon(slot, 'pass');
  const words = add(line, 'div', '');
  addText(words, 'span', '', tried);
  if (step === 'latency' && latencyMs !== undefined) {
    add(words, 'span', 'muted', ` ${formatMilliseconds(latencyMs)}`);
  }
  if (kept) {
    // Screen readers and copied text would run the words together.
    words.append(' ');
    add(words, 'span', 'badge', 'kept');
  }
  add(row, 'td', '', formatScore(metric, score));
  add(row, 'td', '', formatChange(metric, entry));
  add(row, 'td', 'noise', sqnrDb === null ? '–' : formatDb(sqnrDb));
}

/** Appends all that the workflow tried, behind a heading that opens it. */
export function addNotebook(
  parent: HTMLElement,
  notebook: readonly NotebookEntry[],
  metric: MetricName,
  settings: SettledSettings,
): void {
  if (notebook.length === 0) return;
  const details = add(parent, 'details', 'notebook');
  const kept = notebook.filter((entry) => entry.kept).length;
  add(details, 'summary', '', `Notebook: ${formatPlural(notebook.length, 'try', 'tries')}, ${kept} kept`);
  const frame = add(details, 'div', 'notebook-frame');
  // Without a stop for the keyboard, what overflows could not be reached by it.
  frame.tabIndex = 0;
  frame.setAttribute('role', 'group');
  frame.setAttribute('aria-label', 'Notebook');
  const table = add(frame, 'table', 'clip-table');
  add(table, 'caption', 'muted', describeSamples(settings));
  const head = add(add(table, 'thead', ''), 'tr', '');
  const unit = dropUnit(metric);
  const noise = 'Signal to noise of the outputs, which decides where scores are equal';
  for (const [name, hint] of [
    ['Tried', ''],
    ['Score', ''],
    [unit === '' ? 'Against float' : `Against float, ${unit}`, 'With the standard error of the difference'],
    ['SQNR', noise],
  ] as const) {
    const cell = add(head, 'th', name === 'SQNR' ? 'noise' : '', name);
    cell.scope = 'col';
    cell.title = hint;
  }
  let body: HTMLElement | null = null;
  let step: NotebookStep | null = null;
  for (const entry of notebook) {
    if (body === null || entry.step !== step) {
      step = entry.step;
      body = add(table, 'tbody', '');
      const group = add(add(body, 'tr', 'step'), 'th', '', titles[step]);
      group.scope = 'rowgroup';
      group.colSpan = 4;
    }
    addEntry(body, entry, metric);
  }
}
