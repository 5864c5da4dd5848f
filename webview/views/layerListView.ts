import { extent } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { select } from 'd3-selection';
import { dropUnit, formatDropNumber, formatPlural } from '../../engine/format';
import { arrangeRows, layerRows, shownLayer, visibleRange, type LayerRow } from '../layerRows';
import type { State } from '../store';
import { keepMessage } from '../keepMessage';
import { add, emptied, whenChanged, type Host, type Update } from './dom';
import { addIcon } from './icons';
import { measuredColumns, reportColumns, summaryColumns, type Column, type RowContext } from './layerColumns';

/** Must equal --row-height in the style sheet. */
const ROW_HEIGHT = 22;

type FillRow = (row: LayerRow, context: RowContext) => void;

function rowContext(state: State): RowContext {
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
    const at = scale(tick);
    const label = add(axis, 'span', 'drop-tick', formatDropNumber(metric, tick).replace(/\.0$/, ''));
    label.style.left = `${at}%`;
    label.classList.toggle('first', at < 8);
    label.classList.toggle('last', at > 88);
  }
}

function drawHead(head: HTMLElement, columns: readonly Column[], state: State, host: Host): void {
  // The sorted column's button keeps the focus when it is drawn anew.
  const focused = head.querySelector<HTMLElement>(':focus')?.dataset['sort'];
  emptied(head);
  const { key, descending } = state.view.sort;
  const context = rowContext(state);
  for (const column of columns) {
    const cell = add(head, 'div', `cell cell-${column.id}`);
    cell.setAttribute('role', 'columnheader');
    const unit = column.id === 'drop' ? dropUnit(context.metric) : '';
    const title = unit === '' ? column.title : `${column.title}, ${unit}`;
    const sort = column.sort;
    if (sort === null) {
      add(cell, 'span', column.id === 'keep' ? 'for-readers' : '', title).title = title;
    } else {
      const button = add(cell, 'button', 'sort', title);
      button.type = 'button';
      button.dataset['sort'] = sort;
      button.addEventListener('click', () => host.dispatch({ type: 'sort', key: sort }));
      if (sort === key) addIcon(button, descending ? 'down' : 'up');
      cell.setAttribute('aria-sort', sort !== key ? 'none' : descending ? 'descending' : 'ascending');
    }
    if (column.id === 'drop') drawDropAxis(cell, context);
  }
  if (focused !== undefined) head.querySelector<HTMLElement>(`[data-sort="${focused}"]`)?.focus();
}

/** The layers, with what each costs. Rows are drawn only around what is scrolled into sight. */
export function mountLayerList(parent: HTMLElement, host: Host): Update {
  const section = add(parent, 'section', 'layer-panel');
  section.setAttribute('aria-label', 'Layers');
  const bar = add(section, 'div', 'panel-bar');
  add(bar, 'h2', '', 'Layers');
  const count = add(bar, 'span', 'muted');
  count.setAttribute('role', 'status');
  const filter = add(bar, 'input', 'filter');
  filter.type = 'search';
  filter.placeholder = 'Filter by name, operator or weight';
  filter.setAttribute('aria-label', 'Filter layers');
  const grid = add(section, 'div', 'layer-grid');
  grid.tabIndex = 0;
  grid.setAttribute('role', 'grid');
  grid.setAttribute('aria-label', 'Layers');
  const head = add(grid, 'div', 'layer-head');
  head.setAttribute('role', 'row');
  const body = add(grid, 'div', 'layer-body');
  body.setAttribute('role', 'rowgroup');
  const empty = add(grid, 'p', 'empty muted', 'No layer matches the filter.');

  let columns: readonly Column[] = summaryColumns;
  let rows: LayerRow[] = [];
  let context: RowContext | null = null;
  let selected: string | null = null;
  const fills = new WeakMap<Element, FillRow>();

  function buildRow(element: HTMLElement): void {
    const fillers = columns.map((column) => {
      const cell = add(element, 'div', `cell cell-${column.id}`);
      cell.setAttribute('role', 'gridcell');
      return column.build(cell, host);
    });
    fills.set(element, (row, shared) => fillers.forEach((fill) => fill(row, shared)));
  }

  function drawRows(): void {
    const shared = context;
    if (shared === null) return;
    const { first, last } = visibleRange(grid.scrollTop, grid.clientHeight, ROW_HEIGHT, rows.length);
    select(body)
      .selectAll<HTMLDivElement, LayerRow>('.layer-row')
      .data(rows.slice(first, last), (row) => row.index)
      .join((enter) =>
        enter
          .append('div')
          .attr('class', 'layer-row')
          .attr('role', 'row')
          .attr('id', (row) => `layer-${row.index}`)
          .attr('data-layer', (row) => row.summary.name)
          .each(function () {
            buildRow(this);
          }),
      )
      .attr('aria-rowindex', (_, i) => first + i + 2)
      .attr('aria-selected', (row) => String(row.summary.name === selected))
      .style('transform', (_, i) => `translateY(${(first + i) * ROW_HEIGHT}px)`)
      .each(function (row) {
        fills.get(this)?.(row, shared);
      });
    const active = rows.find((row) => row.summary.name === selected);
    if (active === undefined) grid.removeAttribute('aria-activedescendant');
    else grid.setAttribute('aria-activedescendant', `layer-${active.index}`);
  }

  function reveal(position: number): void {
    // The head stays on top of the rows while they scroll.
    const room = grid.clientHeight - head.offsetHeight;
    const top = position * ROW_HEIGHT;
    if (top < grid.scrollTop) grid.scrollTop = top;
    else if (top + ROW_HEIGHT > grid.scrollTop + room) grid.scrollTop = top + ROW_HEIGHT - room;
  }

  const at = () => rows.findIndex((row) => row.summary.name === selected);
  const choose = (position: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, position))];
    if (row !== undefined) host.dispatch({ type: 'select', layer: row.summary.name });
  };
  const page = () => Math.max(1, Math.floor((grid.clientHeight - head.offsetHeight) / ROW_HEIGHT) - 1);
  const moves: Record<string, () => void> = {
    ArrowDown: () => choose(at() + 1),
    ArrowUp: () => choose(at() - 1),
    PageDown: () => choose(at() + page()),
    PageUp: () => choose(at() - page()),
    Home: () => choose(0),
    End: () => choose(rows.length - 1),
    Enter: () => document.querySelector<HTMLElement>('.detail-panel')?.focus(),
    ' ': () => {
      const row = rows[at()];
      if (row?.report == null) return;
      host.post(keepMessage(row.summary.name, !row.keep, row.advised));
    },
  };
  grid.addEventListener('keydown', (event) => {
    const move = moves[event.key];
    const inHead = event.target instanceof Node && head.contains(event.target);
    if (move === undefined || inHead || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move();
  });
  filter.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown') return;
    event.preventDefault();
    grid.focus();
  });
  body.addEventListener('click', (event) => {
    // A checkbox's change comes after its click: drawing in between would undo it.
    if (!(event.target instanceof Element) || event.target instanceof HTMLInputElement) return;
    const row = event.target.closest<HTMLElement>('.layer-row');
    const layer = row?.dataset['layer'];
    if (layer !== undefined) host.dispatch({ type: 'select', layer });
  });
  filter.addEventListener('input', () => host.dispatch({ type: 'filter', text: filter.value }));
  grid.addEventListener('scroll', drawRows, { passive: true });
  new ResizeObserver(drawRows).observe(grid);

  const drawColumns = whenChanged(
    (state) => [state.report, state.measured, state.view.sort],
    (state) => {
      const isRunning = state.report === null && state.measured.size > 0;
      const wanted = isRunning ? measuredColumns : state.report === null ? summaryColumns : reportColumns;
      if (wanted !== columns) emptied(body);
      columns = wanted;
      grid.classList.toggle('with-report', state.report !== null);
      grid.classList.toggle('measuring', isRunning);
      drawHead(head, columns, state, host);
    },
  );
  const arrange = whenChanged(
    (state) => [state.model, state.report, state.measured, state.decided, state.view.sort, state.view.filter],
    (state) => {
      const all = layerRows(state);
      rows = arrangeRows(all, state.view);
      context = rowContext(state);
      body.style.height = `${rows.length * ROW_HEIGHT}px`;
      grid.setAttribute('aria-rowcount', String(rows.length + 1));
      empty.hidden = rows.length > 0 || all.length === 0;
      if (filter.value !== state.view.filter) filter.value = state.view.filter;
      const shown = state.view.filter === '' ? '' : `${rows.length} of `;
      count.textContent = `${shown}${formatPlural(all.length, 'layer')}`;
    },
  );
  const follow = whenChanged(
    (state) => [selected, state.view.sort],
    () => {
      const position = at();
      if (position >= 0) reveal(position);
    },
  );
  return (state) => {
    drawColumns(state);
    arrange(state);
    selected = shownLayer(state)?.name ?? state.view.selected;
    follow(state);
    drawRows();
  };
}
