import { add, emptied, type Host } from '../ui/dom';
import type { Column } from './layerColumns';

/** A menu of the list's columns under its button: which are wanted, and which find no room. */
export function mountColumnMenu(
  button: HTMLButtonElement,
  host: Host,
): (columns: readonly Column[], shown: readonly Column[], hidden: readonly string[]) => void {
  const menu = document.createElement('div');
  button.after(menu);
  menu.className = 'column-menu';
  menu.id = 'layer-columns';
  // The browser closes it on Escape and on a click elsewhere.
  menu.popover = 'auto';
  menu.setAttribute('role', 'group');
  menu.setAttribute('aria-label', 'Columns');
  button.popoverTargetElement = menu;
  button.setAttribute('aria-haspopup', 'true');
  menu.addEventListener('beforetoggle', () => {
    const { right, bottom } = button.getBoundingClientRect();
    menu.style.right = `${document.documentElement.clientWidth - right}px`;
    menu.style.top = `${bottom + 2}px`;
  });
  return (columns, shown, hidden) => {
    const focused = menu.querySelector<HTMLElement>(':focus')?.dataset['column'];
    emptied(menu);
    for (const { id, title, hint, rank } of columns) {
      // A list without names would tell nothing.
      if (rank === 0) continue;
      const row = add(menu, 'label', 'check');
      const box = add(row, 'input', '');
      box.type = 'checkbox';
      box.dataset['column'] = id;
      box.checked = !hidden.includes(id);
      box.addEventListener('change', () =>
        host.dispatch({ type: 'hideColumn', column: id, on: !box.checked }),
      );
      add(row, 'span', '', title === '#' ? 'Number' : title).title = hint;
      if (box.checked && !shown.some((column) => column.id === id)) add(row, 'span', 'muted', 'no room');
    }
    if (focused !== undefined) menu.querySelector<HTMLElement>(`[data-column="${focused}"]`)?.focus();
  };
}
