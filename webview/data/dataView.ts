import { baseName, formatPlural } from '../../engine/shared/format';
import { type State } from '../state/state';
import { screenOf } from '../state/store';
import { addDataState, addDataSummary } from './dataSummary';
import { add, addButton, emptied, whenChanged, type Host, type Update } from '../ui/dom';
import { addPreview } from './previewView';

/** What is said when other data has been chosen. */
function announcement({ data }: State): string {
  if (data === null) return '';
  const warnings = data.warnings.length === 0 ? '' : `, ${formatPlural(data.warnings.length, 'warning')}`;
  return `${baseName(data.data)}: ${formatPlural(data.calibrationSamples, 'sample')} to calibrate${warnings}`;
}

/** Beside a report, and when asked for: the data in use and its first samples. */
export function mountData(parent: HTMLElement, host: Host): Update {
  const status = add(parent, 'p', 'for-readers');
  status.setAttribute('role', 'status');
  const panel = add(parent, 'section', 'data-panel');
  panel.id = 'data-panel';
  panel.setAttribute('aria-label', 'Data');
  // Without a stop for the keyboard, what overflows could not be reached by it.
  panel.tabIndex = 0;
  panel.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    host.dispatch({ type: 'showData', on: false });
    document.querySelector<HTMLElement>('[data-action="show-data"]')?.focus();
  });
  return whenChanged(
    (state) => [
      screenOf(state) === 'report' && state.view.showData,
      state.data,
      state.dataState,
      state.progress === null,
    ],
    (state) => {
      const { data } = state;
      status.textContent = announcement(state);
      const focused = panel.querySelector<HTMLElement>(':focus')?.dataset['action'];
      emptied(panel);
      panel.hidden = screenOf(state) !== 'report' || !state.view.showData;
      if (panel.hidden) return;
      const head = add(panel, 'div', 'data-head');
      const summary = add(head, 'div', 'banner-text');
      addDataSummary(summary, data);
      addDataState(summary, state.dataState);
      const label = data === null ? 'Choose Data…' : 'Change…';
      const choose = addButton(head, 'choose-data', label, 'secondary', () =>
        host.post({ type: 'chooseData' }),
      );
      choose.setAttribute('aria-disabled', String(state.progress !== null));
      if (data !== null) addPreview(panel, data, host);
      if (focused !== undefined) choose.focus();
    },
  );
}
