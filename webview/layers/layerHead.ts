import { extent } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { dropUnit, formatDropNumber } from '../../engine/shared/format';
import type { State } from '../state/state';
import { add, emptied, type Host } from '../ui/dom';
import type { RowContext } from './dropCell';
import { addIcon } from '../ui/icons';
import type { Column } from './layerColumns';

/** What all rows share: the metric, and a scale that holds every drop and zero. */
export function rowContext(state: State): RowContext {
  const alone = state.report?.layers ?? [...state.measured.values()].flatMap((layer) => layer.alone ?? []);
  const drops = alone.map((layer) => layer.drop).filter(Number.isFinite);
  const [low = 0, high = 0] = extent(drops);
  const domain = [Math.min(0, low), Math.max(0, high)];
  if (domain[0] === domain[1]) domain[1] = 1;
  return {
    metric: state.report?.float.metric ?? state.data?.metric ?? 'top1',
    scale: scaleLinear(domain, [0, 100]),
  };
}

function drawDropAxis(cell: HTMLElement, { metric, scale }: RowContext): void {
  const axis = add(cell, 'span', 'drop-axis');
  axis.setAttribute('aria-hidden', 'true');
  // The ends and zero: in a narrow list more would run into each other.
  const ticks = scale.ticks(3).filter((tick, i, all) => tick === 0 || i === 0 || i === all.length - 1);
  for (const tick of ticks) {
    const text = formatDropNumber(metric, tick).replace(/\.0$/, '');
    // About half of its width from either end, so that the cell does not cut it.
    // Signs are wider than digits.
    const half = `${(0.32 * text.length + 0.12).toFixed(2)}em`;
    add(axis, 'span', 'drop-tick', text).style.left = `clamp(${half}, ${scale(tick)}%, 100% - ${half})`;
  }
}

/** Draws the head of the list: a button for each column that sorts by it. */
export function drawHead(
  head: HTMLElement,
  columns: readonly Column[],
  sort: State['view']['sort'],
  context: RowContext,
  host: Host,
): void {
  // The sorted column's button keeps the focus when it is drawn anew.
  const focused = head.querySelector<HTMLElement>(':focus')?.dataset['sort'];
  emptied(head);
  columns.forEach((column, i) => {
    const cell = add(head, 'div', `cell cell-${column.id}`);
    cell.setAttribute('role', 'columnheader');
    cell.setAttribute('aria-colindex', String(i + 1));
    const unit = column.id === 'drop' ? dropUnit(context.metric) : '';
    const button = add(cell, 'button', 'sort');
    add(button, 'span', '', unit === '' ? column.title : `${column.title}, ${unit}`);
    button.type = 'button';
    button.title = `Sort by ${column.hint}`;
    button.dataset['sort'] = column.sort;
    button.addEventListener('click', () => host.dispatch({ type: 'sort', key: column.sort }));
    const isSorted = column.sort === sort.key;
    if (isSorted) addIcon(button, sort.descending ? 'down' : 'up');
    cell.setAttribute('aria-sort', !isSorted ? 'none' : sort.descending ? 'descending' : 'ascending');
    if (column.id === 'drop') drawDropAxis(cell, context);
  });
  if (focused !== undefined) head.querySelector<HTMLElement>(`[data-sort="${focused}"]`)?.focus();
}
