import { select } from 'd3-selection';
import { causeTitles } from '../../engine/shared/findings';
import {
  formatBytes,
  formatDb,
  formatNotFinite,
  formatOrthogonality,
  formatShape,
  formatValue,
  shorten,
} from '../../engine/shared/format';
import type { LayerInput } from '../../engine/shared/protocol/report';
import { sparkline } from '../chart/sparkline';
import type { ColumnWidth } from '../state/columnFit';
import { nameParts, withinBlock } from '../state/layerGroups';
import { reachOf } from '../state/layerOrder';
import type { SortKey } from '../state/state';
import type { LayerRow } from '../state/layerRows';
import { setName, add, type Host } from '../ui/dom';
import { addDropCell, type RowContext } from './dropCell';
import { describeHistogram } from '../detail/histogramView';
import { optionalIcons } from '../ui/icons';
import { addStateCell } from './stateCell';

/** What has to be known of layers before a column tells anything. */
export type Knowledge = 'model' | 'measured' | 'report';

export interface Column extends ColumnWidth {
  title: string;
  /** What it tells, after "Sort by". */
  hint: string;
  sort: SortKey;
  needs: Knowledge;
  /** Builds a cell once; the answer fills it for a row, which stands under the head of a block or under none. */
  build(cell: HTMLElement, host: Host): (row: LayerRow, context: RowContext, block: string | null) => void;
}

type Titles = Pick<Column, 'title' | 'hint'>;
type Place = Pick<Column, 'min' | 'grow' | 'rank' | 'needs'>;

function text(id: SortKey, titles: Titles, place: Place, of: (row: LayerRow) => string): Column {
  const build: Column['build'] = (cell) => (row) => (cell.textContent = of(row));
  return { id, sort: id, ...titles, ...place, build };
}

const SPARK = { width: 76, height: 16 };

const name: Column = {
  ...{ id: 'name', title: 'Layer', hint: 'name', sort: 'name', needs: 'model' },
  ...{ min: 100, grow: 200, rank: 0 },
  build(cell) {
    const label = add(cell, 'span', 'layer-name');
    const start = add(label, 'span', 'name');
    const end = add(label, 'span', 'name name-end');
    const marks = optionalIcons(cell);
    return (row, _, block) => {
      const { name } = row.summary;
      const [first, last] = nameParts(block === null ? name : withinBlock(name, block));
      setName(start, first);
      end.textContent = last;
      label.title = start.title = shorten(name, 500);
      const held = (row.report?.inputs ?? []).flatMap((input) => input.notFinite ?? []);
      marks(held.length > 0 ? ['warning'] : [], `Input holds ${held.map(formatNotFinite).join('; ')}`);
    };
  },
};

const operator: Column = {
  ...{ id: 'operator', title: 'Operator', hint: 'operator', sort: 'operator', needs: 'model' },
  ...{ min: 74, grow: 0, rank: 5 },
  build: (cell) => (row) => setName(cell, row.summary.opType),
};

const described = new WeakMap<LayerInput, string>();

/** An input's histogram in words; kept, since lists draw the same ones again as they scroll. */
function describeInput(input: LayerInput): string {
  const before = described.get(input);
  if (before !== undefined) return before;
  const reach = reachOf(input);
  const times = reach === null || reach <= 1 ? '' : `; reaches ${formatValue(reach)} × its clip`;
  const said = `${describeHistogram(input, input.method)}${times}`;
  described.set(input, said);
  return said;
}

const histogram: Column = {
  ...{
    id: 'histogram',
    title: 'Input',
    hint: 'how far the input reaches beyond its clip',
    sort: 'reach',
    needs: 'report',
  },
  ...{ min: SPARK.width, grow: 0, rank: 6 },
  build(cell) {
    const svg = select(cell).append('svg').attr('class', 'spark').attr('aria-hidden', 'true');
    svg.attr('width', SPARK.width).attr('height', SPARK.height);
    const bins = svg.append('path').attr('class', 'spark-bins');
    const clip = svg.append('path').attr('class', 'spark-clip');
    return ({ report }) => {
      const input = report?.inputs[0];
      const line = input === undefined ? null : sparkline(input, SPARK.width, SPARK.height);
      bins.attr('d', line?.bins ?? '');
      clip.attr('d', line?.clip ?? '');
      const said = input === undefined ? '' : describeInput(input);
      cell.title = said;
      cell.setAttribute('aria-label', said);
    };
  },
};

const drop: Column = {
  ...{
    id: 'drop',
    title: 'Drop',
    hint: 'what the layer costs alone in int8',
    sort: 'drop',
    needs: 'measured',
  },
  ...{ min: 104, grow: 90, rank: 2 },
  build: addDropCell,
};

const sqnr: Column = {
  ...{
    id: 'sqnr',
    title: 'SQNR',
    hint: "signal to noise at the layer's own output",
    sort: 'sqnr',
    needs: 'measured',
  },
  ...{ min: 66, grow: 0, rank: 3 },
  build: (cell) => (row) => {
    const { sqnrDb, isForetold } = row;
    cell.textContent = sqnrDb === null ? '' : `${isForetold ? '≈ ' : ''}${formatDb(sqnrDb)}`;
    cell.title = isForetold ? 'Foretold from its histograms; not measured yet' : '';
    cell.classList.toggle('foretold', isForetold);
  },
};

const cause: Column = {
  ...{ id: 'cause', title: 'Cause', hint: 'what makes it lose accuracy', sort: 'cause', needs: 'report' },
  ...{ min: 96, grow: 60, rank: 8 },
  build: (cell) => (row) => {
    const found = row.report?.cause ?? null;
    cell.textContent = found === null ? '' : causeTitles[found.kind];
    cell.title = found === null ? '' : `${found.reason} ${found.remedy ?? ''}`.trim();
  },
};

const state: Column = {
  ...{ id: 'state', title: 'State', hint: 'what the layer is going to be', sort: 'state', needs: 'model' },
  ...{ min: 122, grow: 50, rank: 1 },
  build: addStateCell,
};

/** Every column of the list, from left to right. */
export const layerColumns: readonly Column[] = [
  text(
    'order',
    { title: '#', hint: "the model's own order" },
    { needs: 'model', min: 36, grow: 0, rank: 4 },
    (row) => String(row.index + 1),
  ),
  name,
  operator,
  text(
    'shape',
    { title: 'Weight', hint: "the weight's size" },
    { needs: 'model', min: 126, grow: 0, rank: 10 },
    ({ summary }) => (summary.weight === null ? 'none' : formatShape(summary.weightShape)),
  ),
  text(
    'bytes',
    { title: 'Bytes', hint: "the weight's bytes in float" },
    { needs: 'model', min: 64, grow: 0, rank: 9 },
    ({ summary }) => (summary.weight === null ? '–' : formatBytes(summary.weightBytes)),
  ),
  histogram,
  drop,
  text(
    'output',
    { title: 'At outputs', hint: "signal to noise at the model's outputs" },
    { needs: 'measured', min: 76, grow: 0, rank: 7 },
    ({ alone }) => (alone === null ? '' : formatDb(alone.outputDb)),
  ),
  sqnr,
  cause,
  text(
    'orthogonality',
    { title: 'Orthogonality', hint: 'how little it is alike to other layers' },
    { needs: 'report', min: 92, grow: 0, rank: 11 },
    ({ report }) => formatOrthogonality(report?.orthogonality ?? null),
  ),
  state,
];

const known: Record<Knowledge, readonly Knowledge[]> = {
  model: ['model'],
  measured: ['model', 'measured'],
  report: ['model', 'measured', 'report'],
};

/** The columns that tell something, given what is known of the layers. */
export function columnsFor(knowledge: Knowledge): Column[] {
  return layerColumns.filter((column) => known[knowledge].includes(column.needs));
}
