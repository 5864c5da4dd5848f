import { fitColumns, gridTemplate } from '../state/columnFit';
import { keepAllMessages } from '../state/keepFloatMessage';
import { blockNames, groupedItems, plainItems, rowKey, type ListItem } from '../state/layerGroups';
import { arrangeRows, findTyped } from '../state/layerOrder';
import { isKeptInFloat, layerRows, shownLayer, visibleRange, type LayerRow } from '../state/layerRows';
import {
  extendTo,
  keepShown,
  selectAll,
  selectOnly,
  toggleRow,
  type Selection,
} from '../state/layerSelection';
import type { State } from '../state/state';
import { add, whenChanged, type Host } from '../ui/dom';
import type { RowContext } from './dropCell';
import { columnsFor, type Column } from './layerColumns';
import { drawHead, rowContext } from './layerHead';
import { listenForKeys } from './layerKeys';
import { lineId, ROW_HEIGHT, RowPool } from './rowPool';
import { mountSelectionBar } from './selectionBar';

/** Must equal the padding of the lines in the style sheet. */
const PADDING = 24;

const rowsOf = (item: ListItem): readonly LayerRow[] => (item.kind === 'row' ? [item.row] : item.rows);

/** The list itself: its lines, which of them are chosen, and what is drawn of them. */
export class LayerList {
  private items: readonly ListItem[] = [];
  private keys: readonly string[] = [];
  private all: readonly LayerRow[] = [];
  /** Those that are listed. */
  private rows: readonly LayerRow[] = [];
  private blocks: readonly string[] = [];
  /** Whether the names of the layers tell of blocks. */
  hasBlocks = false;
  private readonly closed = new Set<string>();
  private selection: Selection = { chosen: new Set(), anchor: null };
  /** The key of the line that keys go from. */
  private active: string | null = null;
  /** The layer shown in detail, when this list last heard of it. */
  private selected: string | null = null;
  private state: State | null = null;
  private context: RowContext | null = null;
  private columns: readonly Column[] = [];
  private readonly grid: HTMLElement;
  private readonly head: HTMLElement;
  private readonly body: HTMLElement;
  private readonly empty: HTMLElement;
  private readonly pool: RowPool;
  private readonly drawSelection: (rows: readonly LayerRow[]) => void;

  constructor(
    section: HTMLElement,
    private readonly host: Host,
    private readonly onColumns: (all: readonly Column[], shown: readonly Column[]) => void,
  ) {
    this.grid = add(section, 'div', 'layer-grid');
    this.grid.tabIndex = 0;
    this.grid.setAttribute('aria-label', 'Layers');
    this.grid.setAttribute('aria-multiselectable', 'true');
    this.head = add(this.grid, 'div', 'layer-head');
    this.head.setAttribute('role', 'row');
    this.head.setAttribute('aria-rowindex', '1');
    this.body = add(this.grid, 'div', 'layer-body');
    this.body.setAttribute('role', 'rowgroup');
    this.empty = add(this.grid, 'p', 'empty muted', 'No layer matches the filter.');
    this.pool = new RowPool(this.body, host, () => this.grid.focus({ preventScroll: true }));
    this.drawSelection = mountSelectionBar(section, host);
    this.listen();
  }

  focus(): void {
    this.grid.focus();
  }

  private listen(): void {
    listenForKeys(this.grid, this.head, {
      move: (by, extend) => this.goTo(this.at() < 0 ? Math.max(0, by - 1) : this.at() + by, extend),
      page: () => Math.max(1, Math.floor(this.room() / ROW_HEIGHT) - 1),
      toggle: () => this.toggleFloat(),
      selectAll: () => this.choose(selectAll(this.selection, this.keys)),
      selectOne: () => this.choose(selectOnly(this.active ?? '')),
      openState: () => this.openState(),
      openDetail: () => document.querySelector<HTMLElement>('.detail-panel')?.focus(),
      fold: () => this.fold(),
      unfold: () => this.unfold(),
      type: (letters) => this.goToTyped(letters),
    });
    this.body.addEventListener('mousedown', (event) => {
      // Else the browser selects the text between.
      if (event.shiftKey) event.preventDefault();
    });
    this.body.addEventListener('click', (event) => this.click(event));
    this.grid.addEventListener('copy', (event) => {
      const names = this.chosenRows().map((row) => row.summary.name);
      if (names.length === 0) return;
      event.clipboardData?.setData('text/plain', names.join('\n'));
      event.preventDefault();
    });
    this.grid.addEventListener('scroll', () => this.draw(), { passive: true });
    new ResizeObserver(() => {
      this.fit();
      this.draw();
    }).observe(this.grid);
  }

  private click(event: MouseEvent): void {
    // A row's own control is no choice of the row.
    if (!(event.target instanceof Element) || event.target instanceof HTMLSelectElement) return;
    const id = event.target.closest('.line')?.id;
    const at = this.items.findIndex((item) => lineId(item) === id);
    const item = this.items[at];
    if (item === undefined) return;
    this.grid.focus({ preventScroll: true });
    if (event.ctrlKey || event.metaKey) {
      this.active = item.key;
      this.choose(toggleRow(this.selection, item.key));
      return;
    }
    if (item.kind === 'group' && !event.shiftKey) this.setOpen(item, !item.isOpen);
    this.goTo(this.keys.indexOf(item.key), event.shiftKey);
  }

  private at(): number {
    return this.active === null ? -1 : this.keys.indexOf(this.active);
  }

  /** Pixels of lines between the head and the lower edge. */
  private room(): number {
    return this.grid.clientHeight - this.head.offsetHeight;
  }

  private goTo(position: number, extend: boolean): void {
    const item = this.items[Math.max(0, Math.min(this.items.length - 1, position))];
    if (item === undefined) return;
    this.active = item.key;
    this.selection = extend ? extendTo(this.selection, this.keys, item.key) : selectOnly(item.key);
    this.reveal();
    if (item.kind === 'group') {
      this.choose(this.selection);
      return;
    }
    this.selected = item.row.summary.name;
    this.host.dispatch({ type: 'select', layer: item.row.summary.name });
  }

  private choose(selection: Selection): void {
    this.selection = selection;
    this.draw();
    this.drawSelection(this.chosenRows());
  }

  private chosenRows(): LayerRow[] {
    const chosen = this.items.filter((item) => this.selection.chosen.has(item.key));
    return [...new Set(chosen.flatMap(rowsOf))];
  }

  private goToTyped(letters: string): void {
    const names = this.items.map((item) => (item.kind === 'row' ? item.row.summary.name : ''));
    const at = findTyped(names, this.at(), letters);
    if (at >= 0) this.goTo(at, false);
  }

  private toggleFloat(): void {
    const rows = this.chosenRows();
    if (rows.length === 0 || this.state?.report == null) return;
    const layers = rows.map(({ summary, state }) => ({ name: summary.name, advised: state.advised }));
    keepAllMessages(layers, !rows.every(isKeptInFloat)).forEach((message) => this.host.post(message));
  }

  private openState(): void {
    this.body.querySelector<HTMLElement>('.layer-row.active .cell-state')?.click();
  }

  private fold(): void {
    const item = this.items[this.at()];
    if (item?.kind === 'group') this.setOpen(item, false);
    else if (item != null && item.group !== null) this.goTo(this.keys.indexOf(item.group), false);
  }

  private unfold(): void {
    const item = this.items[this.at()];
    if (item?.kind !== 'group') return;
    if (item.isOpen) this.goTo(this.at() + 1, false);
    else this.setOpen(item, true);
  }

  private setOpen(item: ListItem, isOpen: boolean): void {
    if (isOpen) this.closed.delete(item.key);
    else this.closed.add(item.key);
    this.gather();
    this.draw();
  }

  /** Scrolls as little as shows the active line. */
  private reveal(): void {
    const at = this.at();
    if (at < 0) return;
    // The head stays on top of the lines while they scroll.
    const top = at * ROW_HEIGHT;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    else if (top + ROW_HEIGHT > this.grid.scrollTop + this.room())
      this.grid.scrollTop = top + ROW_HEIGHT - this.room();
  }

  /** Makes the lines of the rows. */
  private gather(): void {
    const isGrouped = this.state?.view.isGrouped === true && this.hasBlocks;
    this.items = isGrouped ? groupedItems(this.rows, this.blocks, this.closed) : plainItems(this.rows);
    this.keys = this.items.map((item) => item.key);
    this.selection = keepShown(this.selection, this.keys);
    this.grid.setAttribute('role', isGrouped ? 'treegrid' : 'grid');
    this.grid.setAttribute('aria-rowcount', String(this.items.length + 1));
    this.body.style.height = `${this.items.length * ROW_HEIGHT}px`;
  }

  private draw(): void {
    if (this.context === null) return;
    const { scrollTop, clientHeight } = this.grid;
    const range = visibleRange(scrollTop, clientHeight, ROW_HEIGHT, this.items.length);
    this.pool.draw({
      ...{ items: this.items, ...range, context: this.context, active: this.active },
      isChosen: (key) => this.selection.chosen.has(key),
    });
    const at = this.at();
    const item = at >= range.first && at < range.last ? this.items[at] : undefined;
    if (item === undefined) this.grid.removeAttribute('aria-activedescendant');
    else this.grid.setAttribute('aria-activedescendant', lineId(item));
  }

  /** Chooses the columns that have room. */
  private fit(): void {
    const { state, context } = this;
    if (state === null || context === null || this.grid.clientWidth === 0) return;
    const isMeasured = state.measured.size > 0;
    const all = columnsFor(state.report !== null ? 'report' : isMeasured ? 'measured' : 'model');
    const wanted = all.filter(({ id }) => !state.view.hiddenColumns.includes(id));
    const columns = fitColumns(wanted, this.grid.clientWidth - PADDING);
    const isSame = columns.length === this.columns.length && columns.every((c, i) => c === this.columns[i]);
    if (!isSame) {
      this.columns = columns;
      this.pool.setColumns(columns);
      this.grid.style.setProperty('--columns', gridTemplate(columns));
      this.grid.setAttribute('aria-colcount', String(columns.length));
      drawHead(this.head, columns, state.view.sort, context, this.host);
    }
    this.onColumns(all, columns);
  }

  private readonly drawColumns = whenChanged(
    (state) => [state.report, state.measured, state.view.sort],
    ({ view }) => {
      if (this.context !== null) drawHead(this.head, this.columns, view.sort, this.context, this.host);
    },
  );
  private readonly fitState = whenChanged(
    ({ report, measured, view }) => [report, measured.size > 0, view.hiddenColumns],
    () => this.fit(),
  );
  private readonly findBlocks = whenChanged(
    ({ model }) => [model],
    ({ model }) => {
      this.blocks = blockNames((model?.layers ?? []).map((layer) => layer.name));
      this.hasBlocks = new Set(this.blocks).size > 1;
    },
  );
  private readonly findRows = whenChanged(
    ({ model, report, measured, decided }) => [model, report, measured, decided],
    (state) => {
      this.all = layerRows(state);
      this.context = rowContext(state);
    },
  );
  private readonly arrange = whenChanged(
    ({ view }) => [this.all, view.sort, view.filter, view.facets, view.isGrouped],
    ({ view }) => {
      this.rows = arrangeRows(this.all, view);
      this.gather();
      this.empty.hidden = this.rows.length > 0 || this.all.length === 0;
    },
  );
  private readonly follow = whenChanged(
    ({ view }) => [this.selected, view.sort, view.isGrouped],
    () => this.reveal(),
  );

  /** The rows that are listed, in their order. */
  get shownRows(): readonly LayerRow[] {
    return this.rows;
  }

  /** How many rows are listed. */
  get shownCount(): number {
    return this.rows.length;
  }

  update(state: State): void {
    this.state = state;
    this.findBlocks(state);
    this.findRows(state);
    this.arrange(state);
    this.fitState(state);
    this.drawColumns(state);
    const selected = shownLayer(state)?.name ?? state.view.selected;
    if (selected !== this.selected && selected !== null) {
      // Chosen elsewhere.
      this.active = rowKey(selected);
      this.selection = selectOnly(this.active);
    }
    this.selected = selected;
    this.follow(state);
    this.draw();
    this.drawSelection(this.chosenRows());
  }
}
