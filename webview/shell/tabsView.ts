import { type State, type Tab } from '../state/state';
import { screenOf } from '../state/store';
import { isStandalone } from '../ui/isStandalone';
import { add, type Host, type Update } from '../ui/dom';
import { ownValue } from '../../engine/shared/ownValue';

/** In the order of the bar. */
const titles: [tab: Tab, title: string][] = [
  ['overview', 'Overview'],
  ['layers', 'Layers'],
  ['graph', 'Graph'],
  ['tradeOff', 'Trade-off'],
  ['compare', 'Compare'],
];

/** Before an analysis, what there is to do stands above the layers, on one page. */
function isShown(tab: Tab, state: State): boolean {
  const screen = screenOf(state);
  if (screen === 'loading' || screen === 'failed') return false;
  return tab === state.view.tab || (tab === 'layers' && screen === 'model' && state.view.tab === 'overview');
}

/** A page without an engine has what it was written with. */
function isHeld(tab: Tab, { graph, tradeOff, compared }: State): boolean {
  const held: Record<Tab, boolean> = {
    ...{ overview: true, layers: true },
    ...{ graph: graph !== null, tradeOff: tradeOff !== null, compare: compared !== null },
  };
  return !isStandalone() || held[tab];
}

/** The bar that chooses what of the model is shown, and a panel for each choice. */
export function mountTabs(
  parent: HTMLElement,
  host: Host,
): { panelOf: (tab: Tab) => HTMLElement; update: Update } {
  const bar = add(parent, 'div', 'tab-bar');
  bar.setAttribute('role', 'tablist');
  bar.setAttribute('aria-label', 'Views of the model');
  const parts = titles.map(([tab, title]) => {
    const button = add(bar, 'button', 'tab', title);
    button.type = 'button';
    button.id = `tab-${tab}`;
    button.setAttribute('role', 'tab');
    button.setAttribute('aria-controls', `panel-${tab}`);
    button.addEventListener('click', () => host.dispatch({ type: 'tab', tab }));
    const panel = add(parent, 'div', `tab-panel ${tab}`);
    panel.id = `panel-${tab}`;
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', button.id);
    return { tab, button, panel };
  });

  bar.addEventListener('keydown', (event) => {
    const shown = parts.filter(({ button }) => !button.hidden);
    const at = shown.findIndex(({ button }) => button === document.activeElement);
    const last = shown.length - 1;
    const moves: Record<string, number> = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    const next = shown[ownValue(moves, event.key) ?? -1];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    next.button.focus();
    host.dispatch({ type: 'tab', tab: next.tab });
  });

  return {
    panelOf: (wanted) => {
      const part = parts.find(({ tab }) => tab === wanted);
      if (part === undefined) throw new Error(`There is no tab ${wanted}.`);
      return part.panel;
    },
    update: (state) => {
      const screen = screenOf(state);
      bar.hidden = screen === 'loading' || screen === 'failed';
      for (const { tab, button, panel } of parts) {
        const isChosen = tab === state.view.tab;
        button.setAttribute('aria-selected', String(isChosen));
        // One stop for the keyboard; arrows move between the tabs.
        button.tabIndex = isChosen ? 0 : -1;
        button.hidden = !isHeld(tab, state);
        panel.hidden = !isShown(tab, state);
      }
    },
  };
}
