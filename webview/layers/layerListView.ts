import { formatPlural } from '../../engine/shared/format';
import { layerTable } from '../state/layerTable';
import { add, type Host, type Update } from '../ui/dom';
import { mountLayerBar } from './layerBar';
import { LayerList } from './layerList';

/** The layers, with what each costs and is going to be. Lines are drawn only around what is scrolled into sight. */
export function mountLayerList(parent: HTMLElement, host: Host): Update {
  const section = add(parent, 'section', 'layer-panel');
  section.setAttribute('aria-label', 'Layers');
  const bar = mountLayerBar(
    section,
    host,
    () => list.focus(),
    () => layerTable(list.shownRows),
  );
  const list = new LayerList(section, host, bar.setColumns);
  return (state) => {
    list.update(state);
    const total = state.model?.layers.length ?? 0;
    const shown = list.shownCount === total ? '' : `${list.shownCount.toLocaleString('en-US')} of `;
    bar.update(state, `${shown}${formatPlural(total, 'layer')}`, list.hasBlocks);
  };
}
