import { max } from 'd3-array';
import { scaleLinear, scaleLog, type ScaleContinuousNumeric } from 'd3-scale';
import { area, curveStepAfter } from 'd3-shape';
import type { LayerInput } from '../../engine/shared/protocol/report';
import { shortMethod } from '../../engine/shared/format';
import type { HistogramRange } from '../state/state';
import { placeLabels } from './placeLabels';
import type { PlotArea } from './plotArea';
import { rebin, type Rebinned } from './rebin';
import type { AxisRange } from './zoomRange';

export interface HistogramOptions {
  width: number;
  logCounts: boolean;
  range: HistogramRange;
  /** The method in use; its clip is emphasised. */
  method: string;
  /** Exactly what is drawn of the axis, in sight of values or not; comes before `range`. */
  zoom?: AxisRange | null;
  /** Where the plot ends at the latest, in pixels, so that pictures below one another share an axis. */
  right?: number;
}

export interface ClipLine {
  method: string;
  used: boolean;
  x: number;
  /** Top of the line: under its label, or the plot's top for one without a label. */
  y: number;
  label: string | null;
}

export interface HistogramGeometry extends Rebinned {
  width: number;
  height: number;
  plot: PlotArea;
  x: ScaleContinuousNumeric<number, number>;
  y: ScaleContinuousNumeric<number, number>;
  yTicks: number[];
  /** Outline of the bins as SVG path data. */
  outline: string;
  lines: ClipLine[];
}

const PLOT_HEIGHT = 132;
const LABEL_HEIGHT = 14;
const LEFT = 44;
const BOTTOM = 34;
/** Pixels of one letter at the labels' size, on the wide side. */
const LETTER = 6.6;

/** All of a histogram's axis, in the tensor's units. */
export function wholeRange({ histogram }: Pick<LayerInput, 'histogram'>): [low: number, high: number] {
  const { binWidth, negative, positive } = histogram;
  return [0 - negative.length * binWidth, positive.length * binWidth];
}

/** The part of the axis to draw, in the tensor's units. */
export function drawnRange(
  input: LayerInput,
  options: Pick<HistogramOptions, 'range' | 'method' | 'zoom'>,
): AxisRange {
  if (options.zoom != null) return options.zoom;
  const [low, high] = wholeRange(input);
  if (options.range === 'all') return [low, high];
  const others = Object.entries(input.clips).filter(([method]) => method !== 'max');
  const used = others.find(([method]) => method === options.method)?.[1];
  const clip = used ?? max(others, ([, value]) => value) ?? Infinity;
  return [Math.max(low, -1.5 * clip), Math.min(high, 1.5 * clip)];
}

function countScale(top: number, log: boolean, bottomY: number, topY: number) {
  if (!log) {
    const y = scaleLinear().domain([0, top]).nice(4).range([bottomY, topY]);
    return { y, yTicks: y.ticks(4).filter(Number.isInteger) };
  }
  const decades = Math.max(1, Math.ceil(Math.log10(top)));
  const step = Math.ceil(decades / 5);
  // From one half, so that a single value still shows.
  const y = scaleLog()
    .domain([0.5, 10 ** decades])
    .range([bottomY, topY])
    .clamp(true);
  const yTicks = Array.from({ length: Math.floor(decades / step) + 1 }, (_, i) => 10 ** (i * step));
  return { y, yTicks };
}

/** Lines at ±clip where the tensor has values on that side; each method is labelled once. */
function clipLines(input: LayerInput, x: HistogramGeometry['x'], method: string): ClipLine[] {
  const [low = 0, high = 0] = x.domain();
  return Object.entries(input.clips).flatMap(([name, clip]) => {
    const sides = [
      ...(input.max > 0 && clip <= high && clip >= low ? [clip] : []),
      ...(input.min < 0 && -clip >= low && -clip <= high ? [-clip] : []),
    ];
    const used = name === method;
    const label = used ? `${shortMethod(name)} (used)` : shortMethod(name);
    return sides.map((value, i) => ({
      method: name,
      used,
      x: x(value),
      y: 0,
      label: i === 0 ? label : null,
    }));
  });
}

function labelWidth(line: ClipLine): number {
  // The used method's label is bold.
  return (line.label ?? '').length * LETTER * (line.used ? 1.08 : 1) + 8;
}

/**
 * Where everything of a tensor's histogram is drawn, in pixels, without drawing it.
 * Empty tensors give one empty bin.
 */
export function histogramGeometry(input: LayerInput, options: HistogramOptions): HistogramGeometry {
  const [low, high] = drawnRange(input, options);
  const room = Math.max(60, options.width - LEFT - 8);
  const rebinned = rebin(input.histogram, low, high, Math.floor(room / 2));
  const { bins } = rebinned;
  const domain = options.zoom ?? [bins[0]?.from ?? 0, bins.at(-1)?.to ?? 1];
  const [first, last] = domain;
  const x = scaleLinear()
    .domain(domain)
    .range([LEFT, LEFT + room]);
  // Labels run to the right of their lines: make room for those of the last lines.
  const overflow = max(clipLines(input, x, options.method), (line) => line.x + labelWidth(line)) ?? 0;
  const end = Math.max(LEFT + 60, 2 * (LEFT + room) - overflow);
  x.range([LEFT, Math.min(LEFT + room, end, options.right ?? Infinity)]);

  const lines = clipLines(input, x, options.method);
  const labelled = lines.filter((line) => line.label !== null);
  const rows = placeLabels(labelled.map((line) => ({ x: line.x, width: labelWidth(line) })));
  // A line is left for what the upright axis counts.
  const top = 6 + Math.max(1, (max(rows) ?? -1) + 1) * LABEL_HEIGHT;
  const bottom = top + PLOT_HEIGHT;
  lines.forEach((line) => (line.y = top));
  labelled.forEach((line, i) => (line.y = top - LABEL_HEIGHT * ((rows[i] ?? 0) + 1)));

  const { y, yTicks } = countScale(
    Math.max(1, ...bins.map((bin) => bin.count)),
    options.logCounts,
    bottom,
    top,
  );
  const corners = [
    ...bins.map((bin) => ({ at: Math.max(first, bin.from), count: bin.count })),
    { at: Math.max(first, Math.min(last, bins.at(-1)?.to ?? 1)), count: 0 },
  ];
  const outline = area<{ at: number; count: number }>()
    .x((corner) => x(corner.at))
    .y0(bottom)
    .y1((corner) => (corner.count > 0 ? y(corner.count) : bottom))
    .curve(curveStepAfter)
    .digits(1)(corners);
  const [left = 0, right = 0] = x.range();
  return {
    ...rebinned,
    width: options.width,
    height: bottom + BOTTOM,
    plot: { left, right, top, bottom },
    x,
    y,
    yTicks,
    outline: outline ?? '',
    lines,
  };
}
