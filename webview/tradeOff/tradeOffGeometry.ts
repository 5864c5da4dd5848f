import { scaleLinear, scaleSymlog } from 'd3-scale';
import type { Report } from '../../engine/shared/protocol/report';
import type { Resource } from '../../engine/shared/protocol/choices';
import type { TradeOff } from '../../engine/shared/protocol/plan';
import { dropInterval } from '../../engine/shared/format';
import { predictedUse } from '../state/tradeOffChoices';
import { labelExtent, labelsBeside, type Extent, type LabelPlace } from '../chart/labelsBeside';
import { plotArea, type PlotArea } from '../chart/plotArea';
import type { Variant } from '../chart/variantMarks';

/** A drop and where 95% of such samples would put it, in pixels. */
export interface DropPlace {
  x: number;
  y: number;
  top: number;
  bottom: number;
}

/** One network of the front. */
export interface PointPlace {
  /** In the plan's own order. */
  index: number;
  predicted: DropPlace;
  /** Where it was run; `null` where it was not. */
  verified: DropPlace | null;
}

export interface ReportPlace {
  variant: Variant;
  x: number;
  y: number;
  label: LabelPlace;
}

/** Values with a place on an axis, in pixels. */
export interface Tick {
  value: number;
  at: number;
}

export interface TradeOffGeometry {
  plot: PlotArea;
  /** From the least of the resource to the most. */
  points: PointPlace[];
  reports: ReportPlace[];
  /** Through the predicted ones, as SVG path data. */
  front: string;
  /** The resource, and the drop: the less is lost, the higher. */
  xTicks: Tick[];
  yTicks: Tick[];
}

const MARGIN = { left: 62, right: 16, top: 18, bottom: 44 };
/** Pixels between two labels of the upright axis. */
const TICK_ROOM = 20;
/** Pixels of a letter of a label, and from the middle of a mark to its edge. */
const [LETTER, MARK] = [7.2, 6];

interface ReportUse {
  variant: Variant;
  use: number;
  drop: number;
}

/**
 * Where float, everything in int8 and the advised network of a report lie. Times are by their speed against float, which runs side
 * by side measure; bit operations as the plan predicts them.
 */
export function reportUses(
  { float, int8, advised, decisions, keepFloat }: Report,
  plan: Pick<TradeOff, 'layers' | 'floatUse'>,
  resource: Resource,
): ReportUse[] {
  const kept = Object.fromEntries(keepFloat.map((name) => [name, 'float' as const]));
  const uses: Record<Resource, () => [Variant, number | null, number][]> = {
    bytes: () => [
      ['float', float.bytes, 0],
      ['int8', int8.bytes, -int8.difference.difference],
      ['advised', advised.bytes, -advised.difference.difference],
    ],
    latency: () => [
      ['float', plan.floatUse.latency, 0],
      ['int8', plan.floatUse.latency / int8.speedup.median, -int8.difference.difference],
      ['advised', plan.floatUse.latency / advised.speedup.median, -advised.difference.difference],
    ],
    bops: () => [
      ['float', plan.floatUse.bops, 0],
      ['int8', predictedUse(plan, {}, 'bops'), -int8.difference.difference],
      [
        'advised',
        predictedUse(plan, { ...kept, ...decisions.choices }, 'bops'),
        -advised.difference.difference,
      ],
    ],
  };
  return uses[resource]().flatMap(([variant, use, drop]) =>
    use !== null && Number.isFinite(use) && Number.isFinite(drop) ? [{ variant, use, drop }] : [],
  );
}

/** Round drops of 1, 2 and 5 times powers of ten within an interval, and 0, far enough apart to be read. */
export function dropTicks(low: number, high: number, place: (drop: number) => number): number[] {
  const reach = Math.max(Math.abs(low), Math.abs(high));
  if (!(reach > 0)) return [0];
  const top = Math.ceil(Math.log10(reach));
  const sizes = Array.from({ length: 5 }, (_, i) => top - i).flatMap((power) =>
    [5, 2, 1].map((digit) => digit * 10 ** power),
  );
  const taken = low <= 0 && high >= 0 ? [0] : [];
  // The largest first: they say how far the axis reaches.
  for (const drop of sizes.flatMap((size) => [size, -size])) {
    if (drop < low || drop > high) continue;
    if (taken.every((other) => Math.abs(place(other) - place(drop)) >= TICK_ROOM)) taken.push(drop);
  }
  return taken.sort((a, b) => a - b);
}

/** Where the networks of a plan, and those of a report, are drawn. */
export function tradeOffGeometry(
  plan: Pick<TradeOff, 'points' | 'layers' | 'floatUse' | 'float' | 'settings'>,
  report: Report | null,
  resource: Resource,
  { width, height }: { width: number; height: number },
): TradeOffGeometry {
  const plot = plotArea({ width, height }, MARGIN);
  const reports = report === null ? [] : reportUses(report, plan, resource);
  const useOf = ({ predicted, verified }: TradeOff['points'][number]) =>
    resource === 'bytes' && verified !== null ? [predicted.bytes, verified.bytes] : [predicted[resource]];
  const uses = [...plan.points.flatMap(useOf), ...reports.map(({ use }) => use)].filter(Number.isFinite);
  const [least, most] = [Math.min(...uses), Math.max(...uses)];
  const aside = Math.max((most - least) * 0.05, most * 0.01);
  const x = scaleLinear()
    .domain(most > 0 ? [Math.max(0, least - aside), most + aside] : [0, 1])
    .range([plot.left, plot.right]);

  const drops = [
    0,
    ...plan.points.flatMap(({ predicted, verified }) => [predicted.drop, verified?.drop ?? 0]),
    ...reports.map(({ drop }) => drop),
  ].filter(Number.isFinite);
  const spread = Math.max(...drops) - Math.min(...drops);
  // A target in decibels is a level and no drop.
  const accepted = plan.float.metric === 'sqnr' ? 1 : Math.max(plan.settings.targetDrop, 1e-6);
  const margin = spread > 0 ? spread * 0.06 : accepted;
  const [low, high] = [Math.min(...drops) - margin, Math.max(...drops) + margin];
  // Even down to the target, then ever coarser: what is lost beyond it hides no difference within it.
  const y = scaleSymlog().constant(accepted).domain([low, high]).range([plot.top, plot.bottom]);
  const within = (drop: number) => y(Math.max(low, Math.min(high, drop)));
  const place = (use: number, drop: number, standardError: number): DropPlace => {
    const interval = dropInterval({ drop, standardError });
    return { x: x(use), y: within(drop), top: within(interval.low), bottom: within(interval.high) };
  };
  const points = plan.points
    .map(({ predicted, verified }, index) => ({
      index,
      predicted: place(predicted[resource], predicted.drop, predicted.standardError),
      verified:
        verified === null
          ? null
          : place(
              resource === 'bytes' ? verified.bytes : predicted[resource],
              verified.drop,
              verified.standardError,
            ),
    }))
    .sort((a, b) => a.predicted.x - b.predicted.x || a.predicted.y - b.predicted.y);
  const marks = reports.map(({ variant, use, drop }) => ({ variant, x: x(use), y: within(drop) }));
  const labels = labelsBeside(
    marks.map((mark) => ({ ...mark, width: mark.variant.length * LETTER })),
    [...points.flatMap(spots), ...marks].map(extentOf),
    plot,
  );
  const front = points
    .map(({ predicted }, i) => `${i === 0 ? 'M' : 'L'}${predicted.x.toFixed(1)} ${predicted.y.toFixed(1)}`)
    .join('');
  return {
    plot,
    points,
    reports: marks.map((mark, i) => ({ ...mark, label: labels[i] ?? mark })),
    front,
    xTicks: x
      .ticks(Math.max(2, Math.floor((plot.right - plot.left) / 90)))
      .map((value) => ({ value, at: x(value) })),
    yTicks: dropTicks(low, high, y).map((value) => ({ value, at: y(value) })),
  };
}

/** Places for the letters of networks that are compared, in the order of these. */
export function letterPlaces(
  { plot, points, reports }: Pick<TradeOffGeometry, 'plot' | 'points' | 'reports'>,
  marked: readonly DropPlace[],
): LabelPlace[] {
  const labels = reports.map(({ variant, label }) => labelExtent(label, variant.length * LETTER));
  const drawn = [...[...points.flatMap(spots), ...reports].map(extentOf), ...labels];
  return labelsBeside(
    marked.map(({ x, y }) => ({ x, y, width: LETTER })),
    drawn,
    plot,
  );
}

function extentOf({ x, y }: { x: number; y: number }): Extent {
  return { left: x - MARK, right: x + MARK, top: y - MARK, bottom: y + MARK };
}

function spots({ predicted, verified }: PointPlace): DropPlace[] {
  return verified === null ? [predicted] : [predicted, verified];
}

/** The place in the row of the network nearest to a pixel, by either of its marks; −1 where none is near. */
export function nearestPoint(points: readonly PointPlace[], x: number, y: number, reach = 28): number {
  let [nearest, least] = [-1, reach];
  points.forEach((point, i) => {
    for (const spot of spots(point)) {
      const distance = Math.hypot(spot.x - x, spot.y - y);
      if (distance < least) [nearest, least] = [i, distance];
    }
  });
  return nearest;
}

/** The outer two networks within a rectangle, as places in the row; `null` where there are fewer. */
export function brushedPair(
  points: readonly PointPlace[],
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
): [number, number] | null {
  const isIn = ({ x, y }: DropPlace) =>
    x >= Math.min(x0, x1) && x <= Math.max(x0, x1) && y >= Math.min(y0, y1) && y <= Math.max(y0, y1);
  const inside = points.flatMap((point, i) => (spots(point).some(isIn) ? [i] : []));
  const [first, last] = [inside[0], inside.at(-1)];
  return first === undefined || last === undefined || first === last ? null : [first, last];
}
