import { baseName } from '../../engine/shared/format';
import { addTableExport } from '../export/addExport';
import type { PlainTable } from '../state/layerTable';
import { facetCount } from '../state/layerFilter';
import type { State } from '../state/state';
import { mountColumnMenu } from './columnMenu';
import { add, type Host } from '../ui/dom';
import { addIcon, type IconName } from '../ui/icons';
import type { Column } from './layerColumns';
import { mountFilterBar } from './layerFilterBar';

interface LayerBar {
  /** Tells the menu which columns there are, and which are drawn. */
  setColumns: (all: readonly Column[], shown: readonly Column[]) => void;
  update: (state: State, count: string, hasBlocks: boolean) => void;
}

function addIconButton(parent: HTMLElement, icon: IconName, label: string): HTMLButtonElement {
  const button = add(parent, 'button', 'icon-button');
  button.type = 'button';
  button.title = label;
  button.setAttribute('aria-label', label);
  addIcon(button, icon);
  return button;
}

/** The bar over the list: how many layers it has, the filter, and what is drawn of them. */
export function mountLayerBar(
  section: HTMLElement,
  host: Host,
  toList: () => void,
  table: () => PlainTable,
): LayerBar {
  const bar = add(section, 'div', 'panel-bar');
  add(bar, 'h2', '', 'Layers');
  const counted = add(bar, 'span', 'muted');
  counted.setAttribute('role', 'status');
  const filter = add(bar, 'input', 'filter');
  filter.type = 'search';
  filter.placeholder = 'Filter by name, operator, weight or cause';
  filter.setAttribute('aria-label', 'Filter layers');
  filter.addEventListener('input', () => host.dispatch({ type: 'filter', text: filter.value }));
  filter.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown') return;
    event.preventDefault();
    toList();
  });
  let state: State | null = null;
  const facets = addIconButton(bar, 'filter', 'More Filters');
  facets.dataset['action'] = 'facets';
  facets.setAttribute('aria-controls', 'layer-facets');
  const areFacetsOpen = ({ view }: State) => view.showsFacets || facetCount(view.facets) > 0;
  facets.addEventListener('click', () => {
    if (state !== null) host.dispatch({ type: 'showFacets', on: !areFacetsOpen(state) });
  });
  const group = addIconButton(bar, 'group', 'Group by Block');
  group.dataset['action'] = 'group';
  group.addEventListener('click', () => {
    if (state !== null) host.dispatch({ type: 'group', on: !state.view.isGrouped });
  });
  const columns = addIconButton(bar, 'columns', 'Columns');
  columns.dataset['action'] = 'columns';
  let fileName = 'layers';
  addTableExport(bar, table, () => fileName, host);
  const drawMenu = mountColumnMenu(columns, host);
  const drawFacets = mountFilterBar(section, host);
  let known: [all: readonly Column[], shown: readonly Column[]] = [[], []];
  return {
    setColumns(all, shown) {
      known = [all, shown];
      if (state !== null) drawMenu(all, shown, state.view.hiddenColumns);
    },
    update(next, count, hasBlocks) {
      const isNew = state?.view.hiddenColumns !== next.view.hiddenColumns;
      state = next;
      fileName = `${baseName(next.model?.path ?? '')}-layers`;
      if (isNew) drawMenu(...known, next.view.hiddenColumns);
      counted.textContent = count;
      if (filter.value !== next.view.filter) filter.value = next.view.filter;
      drawFacets(next);
      facets.setAttribute('aria-expanded', String(areFacetsOpen(next)));
      group.hidden = !hasBlocks;
      group.setAttribute('aria-pressed', String(next.view.isGrouped));
    },
  };
}
