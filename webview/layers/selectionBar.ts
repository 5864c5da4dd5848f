import { formatPlural } from '../../engine/shared/format';
import type { LayerChoice } from '../../engine/shared/protocol/choices';
import type { LayerRow } from '../state/layerRows';
import { add, addButton, type Host } from '../ui/dom';
import { chosenIn, fillChoices } from './stateCell';

/** What some of the rows can be, most of them first, with how many can. */
function commonChoices(rows: readonly LayerRow[]): [choice: LayerChoice, count: number][] {
  const counts = new Map<LayerChoice, number>();
  for (const { state } of rows)
    for (const choice of state.choices) counts.set(choice, (counts.get(choice) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** The bar for layers chosen together; the answer shows it for two rows and more. */
export function mountSelectionBar(parent: HTMLElement, host: Host): (rows: readonly LayerRow[]) => void {
  const bar = add(parent, 'div', 'selection-bar');
  bar.setAttribute('role', 'group');
  bar.setAttribute('aria-label', 'Chosen layers');
  bar.hidden = true;
  const count = add(bar, 'span', 'selection-count');
  const said = add(bar, 'span', 'for-readers');
  said.setAttribute('role', 'status');
  const select = add(bar, 'select', 'dropdown');
  select.setAttribute('aria-label', 'Set chosen layers to');
  let rows: readonly LayerRow[] = [];
  let choices: readonly LayerChoice[] = [];
  const names = (of: readonly LayerRow[]) => of.map(({ summary }) => summary.name);
  const leave = () => host.post({ type: 'decide', layers: names(rows), choice: null });
  select.addEventListener('change', () => {
    const choice = chosenIn(select, choices);
    select.value = '';
    if (choice === null) return;
    // Those that cannot be it stay what they are.
    const able = rows.filter(({ state }) => state.choices.includes(choice));
    host.post({ type: 'decide', layers: names(able), choice });
  });
  const undecide = addButton(bar, 'as-advised', '', 'secondary', leave);
  const copy = addButton(bar, 'copy-names', 'Copy Names', 'secondary', () => {
    navigator.clipboard.writeText(names(rows).join('\n')).then(
      () => (said.textContent = `${formatPlural(rows.length, 'name')} copied.`),
      () => (said.textContent = 'The names could not be copied.'),
    );
  });
  copy.title = 'Ctrl+C in the list does the same';
  let listed = '';
  return (chosen) => {
    rows = chosen;
    bar.hidden = chosen.length < 2;
    if (bar.hidden) return;
    const text = `${formatPlural(chosen.length, 'layer')} selected`;
    if (count.textContent !== text) said.textContent = count.textContent = text;
    const isAdvised = chosen.some(({ state }) => state.advised !== null);
    undecide.textContent = isAdvised ? 'As Advised' : 'Leave Undecided';
    const common = commonChoices(chosen);
    choices = common.map(([choice]) => choice);
    const labels = common.map(
      ([choice, able]) =>
        [choice, able === chosen.length ? choice : `${choice} (${able} of ${chosen.length})`] as const,
    );
    const list = JSON.stringify(labels);
    if (list === listed) return;
    fillChoices(select, labels, 'Set to…');
    listed = list;
  };
}
