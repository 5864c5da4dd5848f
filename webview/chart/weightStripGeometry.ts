import { scaleLinear, type ScaleContinuousNumeric } from 'd3-scale';
import type { ChannelBoxes, WeightRanges } from '../../engine/shared/protocol/layerDetail';
import type { PlotArea } from './plotArea';

export interface WeightStripOptions {
  width: number;
  /** By how far boxes reach, instead of the model's order. */
  byRange: boolean;
  /** How many neighbouring channels a box stands for. */
  joined: number;
}

export interface WeightStripGeometry {
  width: number;
  height: number;
  plot: PlotArea;
  y: ScaleContinuousNumeric<number, number>;
  /** Indices of the boxes from left to right. */
  order: number[];
  /** Width of one box with its gap. */
  pitch: number;
  /** SVG path data: from least to largest, the middle halves, the medians. */
  whiskers: string;
  middles: string;
  medians: string;
  /** One step of a scale for the whole weight, on both sides of zero. */
  band: { y: number; height: number };
  /** Marks of the outliers at the top; those that others would run into are marked without a label. */
  marks: { x: number; label: string | null }[];
}

const LEFT = 44;
const HEIGHT = 120;
const MARKS = 18;
/** Pixels of one digit of a mark, and around it. */
const [DIGIT, PADDING] = [6.6, 6];

/** How far a box reaches from zero. */
export function boxReach({ min, max }: ChannelBoxes, index: number): number {
  return Math.max(Math.abs(min[index] ?? 0), Math.abs(max[index] ?? 0));
}

/** Where the boxes of a weight's channels are drawn, in pixels, without drawing them. */
export function weightStripGeometry(
  { boxes, outliers, step }: WeightRanges,
  { width, byRange, joined }: WeightStripOptions,
): WeightStripGeometry {
  const count = boxes.min.length;
  const order = Array.from({ length: count }, (_, i) => i);
  if (byRange) order.sort((a, b) => boxReach(boxes, b) - boxReach(boxes, a) || a - b);
  const right = Math.max(LEFT + 60, width - 8);
  const pitch = Math.min(14, (right - LEFT) / Math.max(1, count));
  const plot = { left: LEFT, right, top: MARKS, bottom: MARKS + HEIGHT };
  const least = boxes.min.reduce((a, b) => Math.min(a, b), 0);
  const most = boxes.max.reduce((a, b) => Math.max(a, b), 0);
  const y = scaleLinear()
    .domain(least === most ? [-1, 1] : [least, most])
    .range([plot.bottom, plot.top])
    .nice(4);
  const place = new Map(order.map((box, i) => [box, LEFT + (i + 0.5) * pitch]));
  const half = Math.max(0.4, Math.min(5, pitch * 0.35));
  const at = (list: readonly number[], box: number) => y(list[box] ?? 0).toFixed(1);
  const path = (draw: (box: number, x: number) => string) =>
    order.map((box) => draw(box, place.get(box) ?? 0)).join('');
  const [low = -1, high = 1] = y.domain();
  const [bandTop, bandBottom] = [y(Math.min(step, high)), y(Math.max(-step, low))];

  // The furthest is labelled first, so that it is not left out for the sake of one that matters less.
  const marks = new Map<number, { x: number; label: string | null }>();
  const taken: [from: number, to: number][] = [];
  for (const { channel } of outliers) {
    const box = Math.floor(channel / joined);
    if (marks.has(box)) continue;
    const x = place.get(box) ?? 0;
    const half = (String(channel).length * DIGIT + PADDING) / 2;
    const fits = x + half <= width && taken.every(([from, to]) => x + half <= from || x - half >= to);
    if (fits) taken.push([x - half, x + half]);
    marks.set(box, { x, label: fits ? String(channel) : null });
  }
  return {
    ...{ width, height: plot.bottom + 22, plot, y, order, pitch },
    marks: [...marks.values()].sort((a, b) => a.x - b.x),
    whiskers: path((box, x) => `M${x.toFixed(1)} ${at(boxes.min, box)}V${at(boxes.max, box)}`),
    middles: path(
      (box, x) =>
        `M${(x - half).toFixed(1)} ${at(boxes.low, box)}H${(x + half).toFixed(1)}V${at(boxes.high, box)}H${(x - half).toFixed(1)}Z`,
    ),
    medians: path((box, x) => `M${(x - half).toFixed(1)} ${at(boxes.median, box)}h${(2 * half).toFixed(1)}`),
    band: { y: bandTop, height: Math.max(0.5, bandBottom - bandTop) },
  };
}
