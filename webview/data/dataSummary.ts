import type { DataSummary } from '../../engine/shared/protocol/data';
import { baseName, formatMetric, formatPlural } from '../../engine/shared/format';
import type { DataState } from '../../engine/shared/protocol/webview';
import { add, addName, addText } from '../ui/dom';
import { addIcon } from '../ui/icons';

/** What samples are called: their file or folder, unless they are made up. */
export function dataName(data: string): string {
  return /^synthetic(:|$)/.test(data) ? 'Made-up samples' : baseName(data);
}

/** Appends which data is chosen and how it will be used, or what can be chosen. */
export function addDataSummary(parent: HTMLElement, data: DataSummary | null): void {
  if (data === null) {
    const what =
      'Samples of what the model sees in use: a folder of pictures or arrays, an .npz file, text, a module of yours, and more.';
    add(parent, 'p', 'muted', what);
    return;
  }
  const line = add(parent, 'p', 'data-line');
  addIcon(line, 'data');
  addName(line, 'strong', '', dataName(data.data)).title = data.data;
  const parts = data.sharedSamples
    ? `${formatPlural(data.calibrationSamples, 'sample')}, used both to calibrate and to evaluate`
    : `${formatPlural(data.calibrationSamples, 'sample')} to calibrate, ${data.evaluationSamples} to evaluate`;
  const truth = data.hasTruth
    ? 'with true answers'
    : 'without true answers, so compared with the float model';
  add(parent, 'p', 'muted', `${parts}; ${truth}. Measured as ${formatMetric(data.metric)}.`);
}

/** Appends that samples are being read, or why those of last time no longer can be. */
export function addDataState(parent: HTMLElement, state: DataState | null): void {
  if (state === null) return;
  if (state.kind === 'reading') {
    const line = add(parent, 'div', 'data-line reading');
    line.setAttribute('role', 'status');
    add(line, 'span', '', 'Looking at ');
    addName(line, 'strong', '', dataName(state.path));
    const bar = add(line, 'div', 'bar unknown');
    bar.setAttribute('aria-hidden', 'true');
    add(bar, 'div', 'bar-fill');
    return;
  }
  const box = add(parent, 'div', 'data-failed');
  addIcon(box, 'fail', 'Error');
  const text = add(box, 'div', 'banner-text');
  const first = add(text, 'p', 'data-line');
  addName(first, 'strong', '', dataName(state.path)).title = state.path;
  add(first, 'span', '', 'was used before and no longer can be.');
  addText(text, 'p', 'clamped', state.error.message);
  if (state.error.hint !== '') addText(text, 'p', 'clamped', state.error.hint);
}
