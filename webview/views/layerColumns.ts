import type { ScaleLinear } from 'd3-scale';
import { select } from 'd3-selection';
import type { MetricName } from '../../engine/protocol';
import { causeTitles } from '../../engine/describeFindings';
import {
  dropInterval,
  formatBytes,
  formatDropNumber,
  formatDb,
  formatMeasuredDrop,
  formatNotFinite,
  formatOrthogonality,
  formatShape,
  isNoise,
  shorten,
} from '../../engine/format';
import type { LayerRow } from '../layerRows';
import type { SortKey } from '../store';
import { add, addKeepBox, setName, type Host } from './dom';
import { addIcon } from './icons';

/** What every row's cells share. */
export interface RowContext {
  metric: MetricName;
  /** From drops to percent of the bar's cell. */
  scale: ScaleLinear<number, number>;
}

export interface Column {
  id: string;
  title: string;
  sort: SortKey | null;
  /** Builds a cell once; the answer fills it for a row, again and again. */
  build(cell: HTMLElement, host: Host): (row: LayerRow, context: RowContext) => void;
}

function text(id: string, title: string, sort: SortKey | null, of: (row: LayerRow) => string): Column {
  return { id, title, sort, build: (cell) => (row) => (cell.textContent = of(row)) };
}

const order = text('order', '#', 'order', (row) => String(row.index + 1));

const operator: Column = {
  id: 'operator',
  title: 'Operator',
  sort: null,
  build: (cell) => (row) => setName(cell, row.summary.opType),
};

const name: Column = {
  id: 'name',
  title: 'Layer',
  sort: 'name',
  build(cell) {
    const label = add(cell, 'span', '');
    const mark = addIcon(cell, 'advice', 'Advised to stay in float');
    const notFinite = addIcon(cell, 'warning', '');
    const hint = select(notFinite).select('title');
    return (row) => {
      setName(label, row.summary.name);
      mark.style.display = row.advised ? '' : 'none';
      const held = (row.report?.inputs ?? []).flatMap((input) => input.notFinite ?? []);
      const text = `Input holds ${held.map(formatNotFinite).join('; ')}`;
      notFinite.style.display = held.length > 0 ? '' : 'none';
      notFinite.setAttribute('aria-label', text);
      hint.text(text);
    };
  },
};

const keep: Column = {
  id: 'keep',
  title: 'Keep in float',
  sort: null,
  build(cell, host) {
    const box = addKeepBox(cell, '', null, host);
    // Space on the row does the same; thousands of tab stops would bury what follows the list.
    box.tabIndex = -1;
    return (row) => {
      box.dataset['keepFloat'] = row.summary.name;
      box.dataset['advised'] = String(row.advised);
      box.checked = row.keep;
      box.setAttribute('aria-label', `Keep ${shorten(row.summary.name, 200)} in float`);
    };
  },
};

const drop: Column = {
  id: 'drop',
  title: 'Drop',
  sort: 'drop',
  build(cell) {
    const number = add(cell, 'span', 'drop-number');
    const track = add(cell, 'span', 'drop-track');
    const zero = add(track, 'span', 'drop-zero');
    const bar = add(track, 'span', 'drop-bar');
    const whisker = add(track, 'span', 'drop-whisker');
    return ({ alone }, { metric, scale }) => {
      const value = alone !== null && Number.isFinite(alone.drop) ? alone.drop : 0;
      number.textContent = alone === null ? '' : formatDropNumber(metric, alone.drop);
      const [from, to] = [scale(0), scale(value)];
      zero.style.left = `${from}%`;
      bar.style.left = `${Math.min(from, to)}%`;
      bar.style.width = `${Math.abs(to - from)}%`;
      bar.classList.toggle('gain', value < 0);
      const { low, high } = dropInterval({ drop: value, standardError: alone?.standardError ?? 0 });
      const [start, end] = [Math.max(0, scale(low)), Math.min(100, scale(high))];
      whisker.style.left = `${start}%`;
      whisker.style.width = `${end - start}%`;
      whisker.style.display = high > low ? '' : 'none';
      const noise = alone !== null && isNoise(alone);
      cell.classList.toggle('within-noise', noise);
      const said = alone === null ? '' : formatMeasuredDrop(metric, alone);
      const unsettled = alone !== null && !alone.isSettled;
      const doubts = [...(noise ? ['within noise'] : []), ...(unsettled ? ['on few samples so far'] : [])];
      const doubt = doubts.join(', ');
      cell.classList.toggle('unsettled', unsettled);
      cell.setAttribute('aria-label', doubt === '' ? said : `${said}, ${doubt}`);
      cell.title = doubt === '' ? said : `${said}: ${doubt}`;
    };
  },
};

const sqnr: Column = {
  id: 'sqnr',
  title: 'SQNR',
  sort: 'sqnr',
  build: (cell) => (row) => {
    const { sqnrDb, isForetold } = row;
    cell.textContent = sqnrDb === null ? '' : `${isForetold ? '≈ ' : ''}${formatDb(sqnrDb)}`;
    cell.title = isForetold ? 'Foretold from its histograms; not measured yet' : '';
    cell.classList.toggle('foretold', isForetold);
  },
};

const output = text('output', 'At outputs', 'output', ({ alone }) =>
  alone === null ? '' : formatDb(alone.outputDb),
);

const cause: Column = {
  id: 'cause',
  title: 'Why',
  sort: null,
  build: (cell) => (row) => {
    const found = row.report?.cause ?? null;
    cell.textContent = found === null ? '' : causeTitles[found.kind];
    cell.title = found?.reason ?? '';
  },
};

const orthogonality = text('orthogonality', 'Orthogonality', 'orthogonality', ({ report }) =>
  formatOrthogonality(report?.orthogonality ?? null),
);

const state: Column = {
  id: 'state',
  title: 'Runs as',
  sort: null,
  build(cell) {
    const label = add(cell, 'span', '');
    const mark = addIcon(
      cell,
      'warning',
      'The runtime computes this layer in float even when it is quantized',
    );
    return ({ keep: kept, report }) => {
      const falls = !kept && report?.ranAsInteger === false;
      label.textContent = kept ? 'Float' : falls ? 'Runs in float' : 'Int8';
      cell.dataset['state'] = kept ? 'float' : falls ? 'runs-in-float' : 'int8';
      mark.style.display = falls ? '' : 'none';
    };
  },
};

/** Columns of the list after an analysis. */
export const reportColumns: readonly Column[] = [
  ...[keep, order, name, operator],
  ...[drop, output, sqnr, cause, orthogonality, state],
];

/** Columns of the list while the first analysis runs. */
export const measuredColumns: readonly Column[] = [order, name, operator, drop, output, sqnr];

/** Columns of the list before the first analysis. */
export const summaryColumns: readonly Column[] = [
  order,
  name,
  operator,
  text('shape', 'Weight', null, ({ summary }) =>
    summary.weight === null ? 'none' : formatShape(summary.weightShape),
  ),
  text('bytes', 'Bytes', null, ({ summary }) =>
    summary.weight === null ? '–' : formatBytes(summary.weightBytes),
  ),
];
