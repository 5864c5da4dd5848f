import type { LayerChoice } from '../../engine/shared/protocol/choices';
import { shorten } from '../../engine/shared/format';
import type { LayerRow } from '../state/layerRows';
import { kindOf, shortReason, stateReason } from '../state/layerState';
import { isStandalone } from '../ui/isStandalone';
import { add, type Host } from '../ui/dom';
import { optionalIcons } from '../ui/icons';

/** The choice that leaves a layer to the analysis. */
const ADVISED = '';

/** Fills a select with what layers can be, and with leaving them to the analysis. */
export function fillChoices(
  select: HTMLSelectElement,
  choices: readonly (readonly [choice: LayerChoice, label: string])[],
  advised: string,
): void {
  const options = [[ADVISED, advised] as const, ...choices];
  select.replaceChildren(
    ...options.map(([value, label]) => {
      const option = document.createElement('option');
      option.value = value;
      option.textContent = label;
      return option;
    }),
  );
}

/** What was chosen in such a select; `null` leaves layers to the analysis. */
export function chosenIn<C extends LayerChoice>(select: HTMLSelectElement, choices: readonly C[]): C | null {
  return choices.find((choice) => choice === select.value) ?? null;
}

/** The control of one cell: it lies over the cell's words, since a select shows no other words than those that it lists. */
function addControl(cell: HTMLElement, row: LayerRow, host: Host): HTMLSelectElement {
  const { summary, state } = row;
  const select = add(cell, 'select', 'state-select');
  // F2 on the row comes here; thousands of tab stops would bury what follows the list.
  select.tabIndex = -1;
  const advised = state.advised === null ? 'Undecided' : `As advised: ${state.advised}`;
  fillChoices(
    select,
    state.choices.map((choice) => [choice, choice] as const),
    advised,
  );
  select.setAttribute('aria-label', `State of ${shorten(summary.name, 200)}`);
  select.addEventListener('change', () =>
    host.post({ type: 'decide', layers: [summary.name], choice: chosenIn(select, state.choices) }),
  );
  return select;
}

/** Builds a cell that tells what a layer is going to be and lets it be changed; the answer fills it for a row. */
export function addStateCell(cell: HTMLElement, host: Host): (row: LayerRow) => void {
  const marks = optionalIcons(cell);
  const label = add(cell, 'span', 'state-choice');
  // Between the two for those who hear them; what is seen is apart by a gap.
  cell.append(' ');
  const reason = add(cell, 'span', 'state-reason');
  let shown: LayerRow | null = null;
  let select: HTMLSelectElement | null = null;
  const setValue = () => {
    if (select === null || shown === null) return;
    const { state } = shown;
    select.value = state.isDecided ? (state.choice ?? ADVISED) : ADVISED;
    select.title = cell.title;
  };
  const mount = () => {
    if (select !== null || shown === null || isStandalone()) return;
    select = addControl(cell, shown, host);
    setValue();
  };
  // A control in every row would cost more to scroll than all other cells together.
  cell.addEventListener('pointermove', mount);
  cell.addEventListener('click', (event) => {
    if (event.target === select) return;
    event.stopPropagation();
    mount();
    select?.focus();
    select?.showPicker();
  });
  return (row) => {
    const { state } = row;
    const isSame =
      shown?.summary.name === row.summary.name &&
      shown.state.advised === state.advised &&
      shown.state.choices.join() === state.choices.join();
    shown = row;
    if (!isSame) {
      select?.remove();
      select = null;
    }
    label.textContent = state.choice ?? 'undecided';
    const why = shortReason(state);
    reason.textContent = why;
    const kind = kindOf(state);
    cell.dataset['state'] = kind ?? 'open';
    const isAdvised = !state.isDecided && (kind === 'float' || kind === 'other');
    marks([
      ...(state.isDecided ? (['edit'] as const) : []),
      ...(isAdvised ? (['advice'] as const) : []),
      ...(state.fallsBack === null ? [] : (['warning'] as const)),
    ]);
    cell.title = shorten(stateReason(state, row.report?.advice.reason ?? null), 500);
    cell.setAttribute('aria-label', why === '' ? label.textContent : `${label.textContent}, ${why}`);
    setValue();
  };
}
