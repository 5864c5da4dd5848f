import { axisBottom } from 'd3-axis';
import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { select, type Selection } from 'd3-selection';
import { dropUnit, formatDropNumber, formatMetric, formatPlural } from '../../engine/shared/format';
import type { MetricName } from '../../engine/shared/protocol/choices';
import type { ComparedLayer } from '../state/compareReports';
import { quoted, swatches, type Caption } from '../export/caption';
import { keyOf } from '../export/captioned';
import { plainSvg } from '../export/svgText';
import { addAxisTitle } from '../ui/plotFrame';

export type Side = 'this' | 'other';
type Parent = Selection<SVGElement, unknown, null, undefined>;
type DropScale = ScaleLinear<number, number>;

const CELL = { width: 170, height: 18, edge: 7 };
/** Columns of the whole picture: names, drops, differences. */
const [NAMES, DROPS, DIFFERENCES] = [210, 380, 76];
const NAME_LENGTH = 32;
const AXIS = 38;
/** Rows of a saved picture: more are no picture, and no canvas holds them. */
const MOST_ROWS = 300;

const shapes: Record<Side, string> = { this: swatches.dot, other: swatches.diamond };

/** A disc for this report, a hollow diamond for the other: told apart without colour. */
function drawMark(parent: Parent, side: Side, x: number, y: number): void {
  parent
    .append('path')
    .attr('class', `mark-${side}`)
    .attr('d', shapes[side])
    .attr('transform', `translate(${(x - 7).toFixed(1)},${y - 6})`);
}

function appendSvg(parent: HTMLElement, name: string, width: number, height: number) {
  const svg = parent.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
  return select<SVGElement, unknown>(svg)
    .attr('class', name)
    .attr('width', width)
    .attr('height', height)
    .attr('aria-hidden', 'true');
}

/** Appends the mark of a report beside its name. */
export function addMark(parent: HTMLElement, side: Side): void {
  drawMark(appendSvg(parent, 'compare-mark', 14, 12), side, 7, 6);
}

/** Drops of both reports, where they share a metric, on a line of `width` pixels. */
export function dropScale(rows: readonly ComparedLayer[], width: number): DropScale {
  const drops = rows
    .flatMap(({ mine, otherDrop }) => [mine?.drop ?? 0, otherDrop ?? 0])
    .filter(Number.isFinite);
  const most = drops.reduce((a, b) => Math.max(a, b), 1e-9);
  const least = drops.reduce((a, b) => Math.min(a, b), 0);
  return scaleLinear()
    .domain([least, most])
    .range([CELL.edge, width - CELL.edge]);
}

/** Both drops of a layer around `middle`, with what lies between them. */
function drawDumbbell(parent: Parent, row: ComparedLayer, x: DropScale, middle: number): void {
  const at = (drop: number | null) => (drop === null || !Number.isFinite(drop) ? null : x(drop));
  const [mine, other] = [at(row.mine?.drop ?? null), at(row.otherDrop)];
  if (mine !== null && other !== null)
    parent
      .append('line')
      .attr('class', row.isBeyondNoise ? 'span beyond' : 'span')
      .attr('x1', mine)
      .attr('x2', other)
      .attr('y1', middle)
      .attr('y2', middle);
  if (other !== null) drawMark(parent, 'other', other, middle);
  if (mine !== null) drawMark(parent, 'this', mine, middle);
}

function drawZero(parent: Parent, x: DropScale, height: number): void {
  parent.append('line').attr('class', 'zero').attr('x1', x(0)).attr('x2', x(0)).attr('y2', height);
}

/** Pixels of a row's own picture. */
export const CELL_WIDTH = CELL.width;

/** Appends the numbers of the axis that the pictures of all layers share: its ends and zero. */
export function addDropAxis(parent: HTMLElement, x: DropScale, metric: MetricName): void {
  const root = appendSvg(parent, 'compare-axis', CELL.width, 13);
  const ticks = x.ticks(4).filter((tick, i, all) => tick === 0 || i === 0 || i === all.length - 1);
  for (const tick of ticks) {
    const at = x(tick);
    // Near an end it would be cut.
    const anchor = at < 24 ? 'start' : at > CELL.width - 24 ? 'end' : 'middle';
    const edge = anchor === 'start' ? at - 3 : anchor === 'end' ? at + 3 : at;
    const text = formatDropNumber(metric, tick).replace(/\.0$/, '');
    root.append('text').attr('x', edge).attr('y', 10).attr('text-anchor', anchor).text(text);
  }
}

/** Appends the picture of one layer. */
export function addDumbbell(parent: HTMLElement, row: ComparedLayer, x: DropScale): void {
  const root = appendSvg(parent, 'dumbbell', CELL.width, CELL.height);
  drawZero(root, x, CELL.height);
  drawDumbbell(root, row, x, CELL.height / 2);
}

function drawAll(root: Parent, rows: readonly ComparedLayer[], metric: MetricName): void {
  const x = dropScale(rows, DROPS);
  const height = rows.length * CELL.height;
  const plot = root.append<SVGElement>('g').attr('transform', `translate(${NAMES},0)`);
  drawZero(plot, x, height);
  rows.forEach((row, i) => {
    const middle = (i + 0.5) * CELL.height;
    const name = (row.mine ?? row.other)?.name ?? '';
    const line = root.append('text').attr('x', 0).attr('y', middle).attr('dy', '0.35em');
    line.text(quoted(name, NAME_LENGTH));
    if (row.difference !== null)
      root
        .append('text')
        .attr('class', row.isBeyondNoise ? 'difference' : 'axis-title')
        .attr('x', NAMES + DROPS + DIFFERENCES)
        .attr('y', middle)
        .attr('dy', '0.35em')
        .attr('text-anchor', 'end')
        .text(formatDropNumber(metric, row.difference));
    drawDumbbell(plot, row, x, middle);
  });
  plot
    .append('g')
    .attr('class', 'axis')
    .attr('transform', `translate(0,${height})`)
    .call((axis) =>
      axisBottom<number>(x)
        .ticks(5)
        .tickSizeOuter(0)
        .tickFormat((drop) => formatDropNumber(metric, drop))(axis),
    );
  const unit = dropUnit(metric);
  const title = `${formatMetric(metric)} against float with the layer alone in int8${unit === '' ? '' : `, ${unit}`}`;
  addAxisTitle(root, NAMES + DROPS / 2, height + AXIS - 6, 'middle', title);
  if (rows.some(({ difference }) => difference !== null))
    addAxisTitle(root, NAMES + DROPS + DIFFERENCES, height + 15, 'end', 'difference');
}

/**
 * The layers of a comparison as one picture that needs no style sheet.
 * @param parent gives it the page's colours for as long as it is drawn
 * @param note on all of it; empty for none
 */
export function comparedPicture(
  parent: HTMLElement,
  rows: readonly ComparedLayer[],
  { metric, mine, other, note }: { metric: MetricName; mine: string; other: string; note: string },
): SVGSVGElement {
  const drawn = rows.slice(0, MOST_ROWS);
  const width = NAMES + DROPS + DIFFERENCES;
  const root = appendSvg(parent, 'plot dumbbell unseen', width, drawn.length * CELL.height + AXIS);
  const svg = root.node() as SVGSVGElement;
  try {
    drawAll(root, drawn, metric);
    const count =
      drawn.length < rows.length
        ? `The first ${drawn.length} of ${formatPlural(rows.length, 'layer')}. `
        : '';
    const caption: Caption = {
      title: `Layers of ${mine} and of ${other}`,
      words: `${count}${note}`,
      keys: [
        ...keyOf(svg, '.mark-this', shapes.this, mine),
        ...keyOf(svg, '.mark-other', shapes.other, other),
        ...keyOf(svg, '.span.beyond', swatches.line, 'differ beyond noise'),
        ...keyOf(svg, '.span:not(.beyond)', swatches.line, 'within noise'),
      ],
    };
    return plainSvg(svg, caption);
  } finally {
    root.remove();
  }
}
