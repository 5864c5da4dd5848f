import { baseName } from '../../engine/shared/format';
import { addPictureExport, type Picture } from '../export/addExport';
import { quoted, type Caption } from '../export/caption';
import type { Colouring } from '../state/graphState';
import { graphKeys, graphLegends, type LegendName } from './graphLegend';
import { isMeasured } from './nodeLooks';
import type { Palette } from './palette';
import type { State } from '../state/state';
import { add, type Host, type Update, whenChanged } from '../ui/dom';

export interface GraphActions {
  zoomIn: () => void;
  zoomOut: () => void;
  fit: () => void;
  openAll: () => void;
  closeAll: () => void;
  /** Searches; with `step`, goes on to the next that was found, or back. */
  search: (text: string, step: -1 | 0 | 1) => void;
  leaveSearch: () => void;
  /** What is shown as a PNG, and all of it as an SVG. */
  picture: Picture;
}

const choices: [Colouring, string][] = [
  ['drop', 'Drop'],
  ['sqnr', 'SQNR'],
  ['numbers', 'Integer or float'],
];

function legendOf(state: State): LegendName {
  return isMeasured(state) ? state.view.graph.colouring : 'families';
}

/** What a saved picture of the graph tells of itself. */
export function graphCaption(state: State, palette: Palette): Caption {
  const name = legendOf(state);
  const by = name === 'families' ? 'kind of operator' : (choices.find(([one]) => one === name)?.[1] ?? '');
  return {
    title: `Graph of ${quoted(baseName(state.model?.path ?? ''))}`,
    words: `Colored by ${by.toLowerCase().replace('sqnr', 'SQNR')}`,
    keys: graphKeys(name, palette),
  };
}

/** The bar above the graph: colouring, search, zoom; and the legend. */
export function mountGraphBar(
  parent: HTMLElement,
  host: Host,
  actions: GraphActions,
): { search: HTMLInputElement; count: HTMLElement; saves: HTMLElement; update: Update } {
  const bar = add(parent, 'div', 'graph-bar');
  const label = add(bar, 'label', 'graph-colouring', 'Color by ');
  const select = add(label, 'select', 'dropdown');
  for (const [value, text] of choices) add(select, 'option', '', text).value = value;
  select.addEventListener('change', () =>
    host.dispatch({ type: 'graphView', change: { colouring: select.value as Colouring } }),
  );
  const legend = add(bar, 'ul', 'graph-legend');
  legend.setAttribute('aria-label', 'Legend');

  const search = add(bar, 'input', 'filter');
  search.type = 'search';
  search.placeholder = 'Search nodes ( / )';
  search.setAttribute('aria-label', 'Search nodes by name or operator');
  search.addEventListener('input', () => actions.search(search.value, 0));
  search.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      search.value = '';
      actions.search('', 0);
      actions.leaveSearch();
    } else if (event.key === 'Enter') actions.search(search.value, event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
  });
  const count = add(bar, 'span', 'graph-count muted');
  count.setAttribute('role', 'status');

  const tools = add(bar, 'div', 'graph-tools');
  tools.setAttribute('role', 'group');
  tools.setAttribute('aria-label', 'Zoom and groups');
  const buttons: [action: string, text: string, title: string, run: () => void][] = [
    ['zoomOut', '−', 'Zoom out (−)', actions.zoomOut],
    ['zoomIn', '+', 'Zoom in (+)', actions.zoomIn],
    ['fit', 'Fit', 'Fit all of it (0)', actions.fit],
    ['openAll', 'Expand', 'Expand all groups', actions.openAll],
    ['closeAll', 'Collapse', 'Collapse all groups', actions.closeAll],
  ];
  for (const [action, text, title, run] of buttons) {
    const button = add(tools, 'button', 'button secondary small', text);
    button.type = 'button';
    button.title = title;
    button.setAttribute('aria-label', title);
    button.dataset['action'] = action;
    button.addEventListener('click', run);
  }

  let fileName = 'graph';
  const saves = addPictureExport(bar, actions.picture, () => fileName, host);
  saves.hidden = true;

  const update = whenChanged(
    (state) => [isMeasured(state), state.view.graph.colouring, state.graph, state.model],
    (state) => {
      fileName = `${baseName(state.model?.path ?? '')}-graph`;
      const { colouring } = state.view.graph;
      const known = isMeasured(state);
      label.hidden = !known;
      select.value = colouring;
      legend.replaceChildren();
      for (const [kind, text] of graphLegends[legendOf(state)]) {
        const item = add(legend, 'li', '');
        add(item, 'span', `swatch ${kind}`).setAttribute('aria-hidden', 'true');
        add(item, 'span', '', text);
      }
      const hasGroups = state.graph?.kind === 'done' && state.graph.result.groups.length > 0;
      for (const action of ['openAll', 'closeAll']) {
        const button = tools.querySelector<HTMLButtonElement>(`[data-action="${action}"]`);
        if (button !== null) button.hidden = !hasGroups;
      }
    },
  );
  return { search, count, saves, update };
}
