import { axisBottom, axisLeft } from 'd3-axis';
import type { LayerInput } from '../../engine/shared/protocol/report';
import { histogramGeometry, type HistogramGeometry, type HistogramOptions } from '../chart/histogramGeometry';
import { magnitudesOf } from '../chart/magnitudesOf';
import { shareBeyond, totalCount } from '../chart/rebin';
import {
  formatCount,
  formatExactCount,
  formatMethod,
  formatNotFinite,
  formatShare,
  formatValue,
  shorten,
} from '../../engine/shared/format';
import { OWN_CLIP } from '../chart/ownClip';
import { quoted, swatches, type Caption } from '../export/caption';
import { keyOf } from '../export/captioned';
import { add } from '../ui/dom';
import { addAxisTitle, addPlotFrame, addReader, type Drawing } from '../ui/plotFrame';
import { ownValue } from '../../engine/shared/ownValue';

/** A histogram in words: how many values, their range, and what the clip in use cuts off. */
export function describeHistogram(input: LayerInput, method: string): string {
  const total = totalCount(input.histogram);
  const clip = ownValue(input.clips, method);
  const range = `${formatCount(total)} values from ${formatValue(input.min)} to ${formatValue(input.max)}`;
  if (clip === undefined) return range;
  const share = formatShare(shareBeyond(input, clip));
  if (method === OWN_CLIP) return `${range}; your clip at ±${formatValue(clip)} cuts off ${share} of them`;
  return `${range}; ${formatMethod(method)} clips at ±${formatValue(clip)}, ${share} of them`;
}

/** What a saved picture of a histogram tells of itself. */
export function histogramCaption(
  svg: SVGSVGElement,
  input: LayerInput,
  {
    layer,
    method,
    when = '',
    isMoved = false,
  }: {
    layer: string;
    method: string;
    /** Before or after what; empty where there is one picture. */
    when?: string;
    /** Whether the user’s clip stands elsewhere than the one in use. */
    isMoved?: boolean;
  },
): Caption {
  return {
    title: `What ${quoted(layer)} reads${when === '' ? '' : `, ${when}`}: values of ${quoted(input.tensor)}`,
    words: describeHistogram(input, method),
    keys: [
      ...keyOf(svg, '.bins', swatches.box, 'values'),
      ...keyOf(svg, '.clip-line.used line', swatches.upright, 'clip in use'),
      ...keyOf(svg, '.clip-line:not(.used) line', swatches.upright, 'clip of another calibrator'),
      ...(isMoved ? keyOf(svg, '.moved-clip', swatches.upright, 'clip that is tried') : []),
      ...keyOf(svg, '.tail', swatches.box, 'cut off'),
      ...keyOf(svg, '.comb.teeth', swatches.comb, 'values of the int8 grid, thinned where they lie close'),
    ],
  };
}

function describeBin(geometry: HistogramGeometry, total: number, index: number): string {
  const bin = geometry.bins[index];
  if (bin === undefined) return '';
  const values = bin.count === 1 ? 'value' : 'values';
  const share = total === 0 ? 0 : bin.count / total;
  return `${formatValue(bin.from)} to ${formatValue(bin.to)}: ${formatExactCount(bin.count)} ${values}, ${formatShare(share)}`;
}

function drawPlot(root: Drawing, geometry: HistogramGeometry, patternId: string, title: string): void {
  const { plot, x, y } = geometry;
  const pattern = root.append('pattern').attr('id', patternId).attr('class', 'tail-pattern');
  pattern.attr('width', 6).attr('height', 6).attr('patternUnits', 'userSpaceOnUse');
  pattern.append('path').attr('d', 'M-1 7L7 -1M-1 1L1 -1M5 7L7 5');
  root.append('g').attr('class', 'overlay-under');
  root.append('path').attr('class', 'bins').attr('d', geometry.outline);
  root.append('g').attr('class', 'overlay-over');

  const across = Math.max(2, Math.floor((plot.right - plot.left) / 64));
  root
    .append('g')
    .attr('class', 'axis')
    .attr('transform', `translate(0,${plot.bottom})`)
    .call(axisBottom<number>(x.copy()).ticks(across).tickSizeOuter(0).tickFormat(formatValue));
  root
    .append('g')
    .attr('class', 'axis')
    .attr('transform', `translate(${plot.left},0)`)
    .call(axisLeft<number>(y.copy()).tickValues(geometry.yTicks).tickSizeOuter(0).tickFormat(formatCount));
  addAxisTitle(root, (plot.left + plot.right) / 2, geometry.height - 4, 'middle', title);
  addAxisTitle(root, 4, 11, 'start', 'count');

  const lines = root
    .selectAll('.clip-line')
    .data(geometry.lines)
    .join('g')
    .attr('class', (line) => (line.used ? 'clip-line used' : 'clip-line'))
    .attr('data-method', (line) => line.method)
    .attr('transform', (line) => `translate(${Math.round(line.x) + 0.5},0)`);
  lines
    .append('line')
    .attr('y1', (line) => line.y + 2)
    .attr('y2', plot.bottom);
  lines
    .filter((line) => line.label !== null)
    .append('text')
    .attr('x', 4)
    .attr('y', (line) => line.y + 10)
    .text((line) => line.label);
}

/** A drawn histogram, for what is laid over it. */
export interface DrawnHistogram {
  geometry: HistogramGeometry;
  /** Around the frame; what stands in it is placed from its upper left corner. */
  holder: HTMLElement;
  frame: HTMLElement;
  svg: SVGSVGElement;
  /** The value under a pointer. */
  valueAt: (event: MouseEvent) => number;
}

/**
 * Appends an activation histogram with its clips and a readout under it.
 * The readout follows the pointer, or the arrow keys while the plot has the focus.
 */
export function addHistogram(
  parent: HTMLElement,
  input: LayerInput,
  options: HistogramOptions & { magnitudes: boolean; isZoomed: boolean },
  patternId: string,
): DrawnHistogram {
  const geometry = histogramGeometry(options.magnitudes ? magnitudesOf(input) : input, options);
  const { plot, x, bins } = geometry;
  const total = totalCount(input.histogram);
  const summary = describeHistogram(input, options.method);

  const holder = add(parent, 'div', 'histogram-holder');
  const { notFinite } = input;
  const leftOut = notFinite === undefined ? '' : `; ${formatNotFinite(notFinite)} left out`;
  const what = options.magnitudes ? 'Histogram of magnitudes of' : 'Histogram of';
  const drawn = addPlotFrame(holder, {
    ...{ frame: 'histogram-frame', plot: 'histogram' },
    label: `${what} ${shorten(input.tensor, 200)}. ${summary}${leftOut}`,
    ...{ width: geometry.width, height: geometry.height, from: 0, to: bins.length - 1 },
  });
  const { frame, svg, root } = drawn;
  drawPlot(root, geometry, patternId, options.magnitudes ? '|activation value|' : 'activation value');
  const valueAt = (event: MouseEvent) => x.invert(drawn.at(event)[0]);
  addReader(parent, drawn, {
    count: bins.length,
    start: Math.max(
      0,
      bins.findIndex((bin) => bin.from === 0),
    ),
    describe: (index) => describeBin(geometry, total, index),
    place: (index) => {
      const [from, to] = [x(bins[index]?.from ?? 0), x(bins[index]?.to ?? 0)];
      return { x: from, y: plot.top, width: Math.max(1, to - from), height: plot.bottom - plot.top };
    },
    itemAt: (at) => {
      const value = x.invert(at);
      return bins.findIndex((bin) => value >= bin.from && value < bin.to);
    },
    otherwise: summary,
  });

  const beyond = [
    ...(geometry.below > 0 ? [`${formatExactCount(geometry.below)} to the left`] : []),
    ...(geometry.above > 0 ? [`${formatExactCount(geometry.above)} to the right`] : []),
  ];
  const way = options.isZoomed ? ' A double click or 0 shows all.' : '';
  if (beyond.length > 0)
    add(parent, 'p', 'beyond muted', `Not drawn: ${beyond.join(', ')} of this range.${way}`);

  return { geometry, holder, frame, svg, valueAt };
}
