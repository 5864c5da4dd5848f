import {
  dropUnit,
  formatBytes,
  formatCount,
  formatDropNumber,
  formatMetric,
  formatPlural,
} from '../../engine/shared/format';
import type { Report } from '../../engine/shared/protocol/report';
import type { Resource } from '../../engine/shared/protocol/choices';
import type { TradeOff } from '../../engine/shared/protocol/plan';
import {
  brushedPair,
  letterPlaces,
  nearestPoint,
  tradeOffGeometry,
  type DropPlace,
  type PointPlace,
} from './tradeOffGeometry';
import { variantMark } from '../chart/variantMarks';
import { addAxisTitle, addPlotFrame } from '../ui/plotFrame';
import { stepTarget } from '../ui/stepKeys';
import { describePoint } from './tradeOffCard';

const LEAST_HEIGHT = 360;
/** Of the pane's height and width: what else there is to read stays in sight, and narrow charts do not tower. */
const MOST_HEIGHT = { ofHeight: 0.6, ofWidth: 0.45 };
/** Pixels that a press has to move to be a brush and no click. */
const BRUSH_FROM = 5;
const RADIUS = 5;

/** In pixels. */
interface PlotSize {
  width: number;
  height: number;
}

/** What the user does with the networks of the chart, by their index in the plan. */
export interface ChartEvents {
  /** −1 for none. */
  point(index: number): void;
  /** `null` where a plan is only read. */
  apply: ((index: number) => void) | null;
  compare(pair: [number, number] | null): void;
}

export interface TradeOffChart {
  svg: SVGSVGElement;
  /** Shows which network is pointed at, and which two are compared. */
  mark(current: number, pair: readonly [number, number] | null): void;
}

const axisTitles: Record<Resource, string> = {
  latency: 'latency of a sample, ms',
  bytes: 'size of the file',
  bops: 'bit operations of a sample',
};

function formatUse(resource: Resource, value: number): string {
  if (resource === 'bytes') return formatBytes(value);
  return resource === 'latency' ? String(Number(value.toPrecision(3))) : formatCount(value);
}

function errorBar({ x, top, bottom }: DropPlace): string {
  const at = (y: number) => `M${(x - 3).toFixed(1)} ${y.toFixed(1)}h6`;
  return `M${x.toFixed(1)} ${top.toFixed(1)}V${bottom.toFixed(1)}${at(top)}${at(bottom)}`;
}

/** Pixels that a chart is high in a pane; of the whole pane, since scroll bars come and go with the height. */
export function chartHeight(pane: PlotSize): number {
  const { ofHeight, ofWidth } = MOST_HEIGHT;
  return Math.max(LEAST_HEIGHT, Math.floor(Math.min(ofHeight * pane.height, ofWidth * pane.width)));
}

/** The front of a plan in a frame that a mouse and the keyboard move along. */
export function addTradeOffChart(
  parent: HTMLElement,
  plan: TradeOff,
  { report, resource, size }: { report: Report | null; resource: Resource; size: PlotSize },
  events: ChartEvents,
): TradeOffChart {
  const geometry = tradeOffGeometry(plan, report, resource, size);
  const { plot, points, reports } = geometry;
  const { metric } = plan.float;
  const drawn = addPlotFrame(parent, {
    ...{ frame: 'trade-frame', plot: 'trade-chart' },
    label: `${formatPlural(points.length, 'network')} by ${axisTitles[resource]}; ${events.apply === null ? '' : 'Enter applies one, '}Shift with arrows compares`,
    ...{ ...size, from: 1, to: points.length },
  });
  const { frame, svg, root } = drawn;

  const axis = root.append('g').attr('class', 'axis trade-axis');
  for (const { value, at } of geometry.yTicks) {
    const line = axis.append('g').attr('transform', `translate(0,${at.toFixed(1)})`);
    line
      .append('line')
      .attr('class', value === 0 ? 'trade-zero' : 'trade-grid')
      .attr('x1', plot.left)
      .attr('x2', plot.right);
    line
      .append('text')
      .attr('x', plot.left - 8)
      .attr('dy', '0.32em')
      .attr('text-anchor', 'end')
      .text(formatDropNumber(metric, value));
  }
  for (const { value, at } of geometry.xTicks) {
    const tick = axis.append('g').attr('transform', `translate(${at.toFixed(1)},${plot.bottom})`);
    tick.append('line').attr('class', 'trade-tick').attr('y2', 4);
    tick.append('text').attr('y', 16).attr('text-anchor', 'middle').text(formatUse(resource, value));
  }
  axis
    .append('path')
    .attr('class', 'trade-tick')
    .attr('d', `M${plot.left} ${plot.top}V${plot.bottom}H${plot.right}`);
  const unit = dropUnit(metric);
  const lost = `${formatMetric(metric)} against float${unit === '' ? '' : `, ${unit}`}`;
  addAxisTitle(root, 4, 11, 'start', lost);
  addAxisTitle(root, (plot.left + plot.right) / 2, size.height - 8, 'middle', axisTitles[resource]);

  root.append('path').attr('class', 'trade-front').attr('d', geometry.front);
  const groups = root
    .selectAll<SVGGElement, PointPlace>('.trade-point')
    .data(points)
    .join('g')
    .attr('class', ({ index }) => (index === plan.chosen ? 'trade-point chosen' : 'trade-point'));
  groups
    .append('path')
    .attr('class', 'trade-error')
    .attr('d', ({ predicted }) => errorBar(predicted));
  const run = groups.filter(({ verified }) => verified !== null);
  const placeOf = ({ predicted, verified }: PointPlace) => verified ?? predicted;
  run
    .append('path')
    .attr('class', 'trade-joint')
    .attr('d', (p) => `M${p.predicted.x} ${p.predicted.y}L${placeOf(p).x} ${placeOf(p).y}`);
  groups
    .append('circle')
    .attr('class', 'trade-predicted')
    .attr('r', RADIUS)
    .attr('cx', ({ predicted }) => predicted.x)
    .attr('cy', ({ predicted }) => predicted.y);
  run
    .append('path')
    .attr('class', 'trade-error')
    .attr('d', (p) => errorBar(placeOf(p)));
  run
    .append('circle')
    .attr('class', 'trade-verified')
    .attr('r', RADIUS)
    .attr('cx', (p) => placeOf(p).x)
    .attr('cy', (p) => placeOf(p).y);
  groups
    .filter('.chosen')
    .append('circle')
    .attr('class', 'trade-ring')
    .attr('r', RADIUS + 4)
    .attr('cx', (p) => placeOf(p).x)
    .attr('cy', (p) => placeOf(p).y);
  const marks = root.selectAll('.trade-report').data(reports).join('g').attr('class', 'trade-report');
  marks.attr('transform', ({ x, y }) => `translate(${x.toFixed(1)},${y.toFixed(1)})`);
  marks
    .append('path')
    .attr('class', ({ variant }) => `variant-mark ${variant}`)
    .attr('d', ({ variant }) => variantMark(variant, 90));
  marks
    .append('text')
    .attr('x', ({ x, label }) => label.x - x)
    .attr('y', ({ y, label }) => label.y - y)
    .attr('dy', '0.32em')
    .text(({ variant }) => variant);
  const cursor = root
    .append('circle')
    .attr('class', 'trade-cursor')
    .attr('data-pointer', '')
    .attr('r', RADIUS + 3)
    .style('display', 'none');
  const letters = root.append('g').attr('class', 'trade-letters');
  const brush = root.append('rect').attr('class', 'brush').style('display', 'none');

  let at = points.findIndex(({ index }) => index === plan.chosen);
  let anchor = -1;
  const indexOf = (place: number) => points[place]?.index ?? -1;
  const tell = () => drawn.tell(at + 1, describePoint(plan, indexOf(at)));
  tell();
  const moveTo = (place: number, isExtended: boolean) => {
    if (isExtended && anchor < 0) anchor = at;
    at = Math.max(0, Math.min(points.length - 1, place));
    if (!isExtended) anchor = -1;
    tell();
    events.point(indexOf(at));
    events.compare(anchor < 0 || anchor === at ? null : [indexOf(anchor), indexOf(at)]);
  };
  frame.addEventListener('focus', () => {
    if (frame.matches(':focus-visible')) events.point(indexOf(at));
  });
  frame.addEventListener('keydown', (event) => {
    const place = stepTarget(event.key, at, points.length);
    if (place !== null) moveTo(place, event.shiftKey);
    else if (event.key === 'Enter') events.apply?.(indexOf(at));
    else if (event.key === 'Escape') events.compare(null);
    else return;
    event.preventDefault();
  });

  let pressed: [number, number] | null = null;
  let isBrushing = false;
  frame.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    pressed = drawn.at(event);
    isBrushing = false;
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener('pointermove', (event) => {
    const [x, y] = drawn.at(event);
    if (pressed !== null) {
      const [x0, y0] = pressed;
      isBrushing ||= Math.hypot(x - x0, y - y0) > BRUSH_FROM;
      if (!isBrushing) return;
      brush
        .style('display', null)
        .attr('x', Math.min(x, x0))
        .attr('y', Math.min(y, y0))
        .attr('width', Math.abs(x - x0))
        .attr('height', Math.abs(y - y0));
      return;
    }
    events.point(indexOf(nearestPoint(points, x, y)));
  });
  const release = (event: PointerEvent, isDone: boolean) => {
    const from = pressed;
    pressed = null;
    brush.style('display', 'none');
    if (from === null || !isDone) return;
    const [x, y] = drawn.at(event);
    if (isBrushing) {
      const pair = brushedPair(points, from, [x, y]);
      events.compare(pair === null ? null : [indexOf(pair[0]), indexOf(pair[1])]);
      return;
    }
    const place = nearestPoint(points, x, y);
    if (place < 0) return;
    if (event.shiftKey) {
      moveTo(place, true);
      return;
    }
    moveTo(place, false);
    events.apply?.(indexOf(place));
  };
  frame.addEventListener('pointerup', (event) => release(event, true));
  frame.addEventListener('pointercancel', (event) => release(event, false));

  return {
    svg,
    mark: (current, pair) => {
      const place = points.find(({ index }) => index === current);
      if (place === undefined) cursor.style('display', 'none');
      else cursor.style('display', null).attr('cx', placeOf(place).x).attr('cy', placeOf(place).y);
      const compared = (pair ?? []).flatMap((index) => points.filter((p) => p.index === index));
      letters
        .selectAll('text')
        .data(letterPlaces(geometry, compared.map(placeOf)))
        .join('text')
        .attr('x', ({ x }) => x)
        .attr('y', ({ y }) => y)
        .attr('dy', '0.32em')
        .text((_, i) => 'AB'.charAt(i));
    },
  };
}
