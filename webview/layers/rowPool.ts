import { formatPlural } from '../../engine/shared/format';
import { blockOf, groupTitle, worstOf, type ListItem } from '../state/layerGroups';
import { add, setName, type Host } from '../ui/dom';
import { addDropCell, type RowContext } from './dropCell';
import { addIcon } from '../ui/icons';
import type { Column } from './layerColumns';

/** Must equal --row-height in the style sheet. */
export const ROW_HEIGHT = 22;

/** An element of the list, which shows one item after another. */
interface Line {
  element: HTMLElement;
  kind: ListItem['kind'];
  fill: (item: ListItem, context: RowContext) => void;
  item: ListItem | null;
  context: RowContext | null;
}

/** What of the list is drawn. */
export interface Drawn {
  items: readonly ListItem[];
  first: number;
  last: number;
  context: RowContext;
  isChosen: (key: string) => boolean;
  active: string | null;
}

/** The id of an item's element. */
export function lineId(item: ListItem): string {
  return item.kind === 'row' ? `layer-${item.row.index}` : `group-${item.rows[0]?.index ?? 0}`;
}

/** The elements of the lines in sight. Those that leave it are filled anew for those that come. */
export class RowPool {
  private columns: readonly Column[] = [];
  private shown = new Map<number, Line>();

  constructor(
    private readonly body: HTMLElement,
    private readonly host: Host,
    /** Called before a line that has the focus shows another item. */
    private readonly onFocusLost: () => void,
  ) {}

  /** Other columns: all lines are built anew. */
  setColumns(columns: readonly Column[]): void {
    this.columns = columns;
    for (const line of this.shown.values()) this.remove(line);
    this.shown = new Map();
  }

  draw(drawn: Drawn): void {
    const { items, first, last } = drawn;
    const before = this.shown;
    const free: Line[] = [];
    this.shown = new Map();
    for (const [at, line] of before) {
      if (at >= first && at < last && items[at]?.kind === line.kind) this.shown.set(at, line);
      else free.push(line);
    }
    for (let at = first; at < last; at += 1) {
      const item = items[at];
      if (item === undefined) break;
      const line = this.shown.get(at) ?? this.take(free, item.kind);
      this.shown.set(at, line);
      this.place(line, item, at, drawn);
    }
    free.forEach((line) => this.remove(line));
  }

  private take(free: Line[], kind: ListItem['kind']): Line {
    const at = free.findIndex((line) => line.kind === kind);
    const [line] = at < 0 ? [] : free.splice(at, 1);
    return line ?? (kind === 'row' ? this.buildRow() : this.buildGroup());
  }

  private remove({ element }: Line): void {
    if (element.contains(document.activeElement)) this.onFocusLost();
    element.remove();
  }

  private place(line: Line, item: ListItem, at: number, { context, isChosen, active }: Drawn): void {
    const { element } = line;
    if (line.item !== item || line.context !== context) {
      if (line.item?.key !== item.key && element.contains(document.activeElement)) this.onFocusLost();
      line.fill(item, context);
      line.item = item;
      line.context = context;
      element.id = lineId(item);
    }
    element.style.transform = `translateY(${at * ROW_HEIGHT}px)`;
    element.setAttribute('aria-rowindex', String(at + 2));
    element.setAttribute('aria-selected', String(isChosen(item.key)));
    element.classList.toggle('active', item.key === active);
  }

  private build(kind: ListItem['kind'], className: string): HTMLElement {
    const element = add(this.body, 'div', `line ${className}`);
    element.setAttribute('role', 'row');
    element.dataset['kind'] = kind;
    return element;
  }

  private buildRow(): Line {
    const element = this.build('row', 'layer-row');
    const fillers = this.columns.map((column, i) => {
      const cell = add(element, 'div', `cell cell-${column.id}`);
      cell.setAttribute('role', 'gridcell');
      cell.setAttribute('aria-colindex', String(i + 1));
      return column.build(cell, this.host);
    });
    const fill: Line['fill'] = (item, context) => {
      if (item.kind !== 'row') return;
      element.dataset['layer'] = item.row.summary.name;
      if (item.group === null) element.removeAttribute('aria-level');
      else element.setAttribute('aria-level', '2');
      element.classList.toggle('in-group', item.group !== null);
      const block = item.group === null ? null : blockOf(item.group);
      fillers.forEach((fillCell) => fillCell(item.row, context, block));
    };
    return { element, kind: 'row', fill, item: null, context: null };
  }

  private buildGroup(): Line {
    const element = this.build('group', 'group-row');
    element.setAttribute('aria-level', '1');
    const cell = add(element, 'div', 'cell group-cell');
    cell.setAttribute('role', 'gridcell');
    cell.setAttribute('aria-colindex', '1');
    // The worst drop stands in the column of drops, on its scale.
    const dropAt = this.columns.findIndex((column) => column.id === 'drop');
    const span = dropAt < 0 ? this.columns.length : dropAt;
    cell.style.gridColumn = `1 / ${span + 1}`;
    cell.setAttribute('aria-colspan', String(span));
    const mark = addIcon(cell, 'right');
    const title = add(cell, 'span', 'group-title');
    const count = add(cell, 'span', 'muted group-count');
    const worst = add(element, 'div', 'cell cell-drop');
    worst.setAttribute('role', 'gridcell');
    worst.setAttribute('aria-colindex', String(dropAt + 1));
    const fillDrop = addDropCell(worst);
    const fill: Line['fill'] = (item, context) => {
      if (item.kind !== 'group') return;
      element.dataset['group'] = item.key;
      element.setAttribute('aria-expanded', String(item.isOpen));
      mark.classList.toggle('open', item.isOpen);
      setName(title, groupTitle(item.key));
      count.textContent = formatPlural(item.rows.length, 'layer');
      const row = worstOf(item.rows);
      worst.hidden = row === null || dropAt < 0;
      if (row === null) return;
      fillDrop(row, context);
      worst.title = `Worst: ${row.summary.name}, ${worst.title}`;
    };
    return { element, kind: 'group', fill, item: null, context: null };
  }
}
