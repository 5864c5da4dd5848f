import { axisLeft } from 'd3-axis';
import type { LayerWeights, WeightRanges } from '../../engine/shared/protocol/layerDetail';
import { formatExactCount, formatPlural, formatValue } from '../../engine/shared/format';
import { boxReach, weightStripGeometry } from '../chart/weightStripGeometry';
import { addExport } from '../export/addExport';
import { quoted, swatches, type Caption } from '../export/caption';
import { keyOf } from '../export/captioned';
import { shownLayer } from '../state/layerRows';
import { isStandalone } from '../ui/isStandalone';
import { add, addText, emptied, whenChanged, type Host, type Update } from '../ui/dom';
import { addIcon } from '../ui/icons';
import { addAxisTitle, addPlotFrame, addReader } from '../ui/plotFrame';

/** `41×`, `4.2×`. */
function formatTimes(times: number): string {
  return `${times >= 10 ? formatExactCount(Math.round(times)) : formatValue(times)}×`;
}

/** What stands out among the channels, in sentences. */
export function describeWeights(
  { outliers, outlierCount, withinStep, medianReach }: WeightRanges,
  { channels, joined }: Pick<LayerWeights, 'channels' | 'joined'>,
): string {
  const boxes = joined > 1 ? `, ${formatExactCount(joined)} neighbours to a box` : '';
  const [first] = outliers;
  const most =
    first === undefined
      ? `None reaches 4 times as far as the median, which is ${formatValue(medianReach)}.`
      : `Channel ${first.channel} reaches ${formatTimes(first.times)} the median${outlierCount > 1 ? `, and ${formatPlural(outlierCount - 1, 'other')} 4× or more` : ''}.`;
  const small =
    withinStep === 0
      ? ''
      : ` ${formatPlural(withinStep, 'channel')} would lie within one step of a scale for the whole weight.`;
  return `${formatPlural(channels, 'output channel')}${boxes}. ${most}${small}`;
}

/** Mounts the weights of the chosen layer, channel by channel; asks for them when they are shown first. */
export function mountWeights(parent: HTMLElement, host: Host): Update {
  const section = add(parent, 'section', 'weights-part');
  section.setAttribute('aria-label', 'Weights by channel');
  const head = add(section, 'div', 'part-head');
  add(head, 'h3', '', 'Weights by output channel');
  const frame = add(head, 'label', 'check');
  frame.title = 'Order the channels by how far they reach, not as the model has them';
  const box = add(frame, 'input', '');
  box.type = 'checkbox';
  box.dataset['setting'] = 'weights-by-range';
  add(frame, 'span', '', 'Sort by range');
  box.addEventListener('change', () => host.dispatch({ type: 'weightsByRange', on: box.checked }));
  const body = add(section, 'div', '');
  const asked = new Set<string>();

  const draw = whenChanged(
    (state) => {
      const layer = shownLayer(state);
      return [layer, state.weights.get(layer?.name ?? ''), state.view.weightsByRange, body.clientWidth];
    },
    (state) => {
      const layer = shownLayer(state);
      const answer = state.weights.get(layer?.name ?? '');
      emptied(body);
      if (answer === undefined || answer.kind === 'waiting') {
        add(body, 'p', 'muted', 'Reading the weights…');
        return;
      }
      if (answer.kind === 'failed') {
        addText(body, 'p', 'muted', `${answer.error.message} ${answer.error.hint}`);
        return;
      }
      const { result } = answer;
      const strip = (ranges: WeightRanges, title: string) => {
        if (result.after !== null) add(body, 'h4', '', title);
        add(body, 'p', 'weights-words', describeWeights(ranges, result));
        const svg = addStrip(
          body,
          ranges,
          result,
          Math.min(body.clientWidth, 900),
          state.view.weightsByRange,
        );
        const name = layer?.name ?? '';
        const which = result.after === null ? '' : `, ${title.charAt(0).toLowerCase()}${title.slice(1)}`;
        const caption = () =>
          captionOf(svg, `Weights of ${quoted(name)} by output channel${which}`, ranges, result);
        addExport(
          body,
          svg,
          { name: `${name}-weights${ranges === result.after ? '-after' : ''}`, caption },
          host,
        );
      };
      strip(result.before, 'Before the remedy');
      if (result.after !== null) strip(result.after, 'Equalized, as advised');
      const note =
        'From least to largest weight, the middle half, the median; the band is one step of one scale for all, and triangles are outliers.';
      add(body, 'p', 'grid-note muted', note);
    },
  );
  return (state) => {
    const layer = shownLayer(state);
    const known = state.weights.get(layer?.name ?? '');
    // A page without an engine has the weights of some layers.
    section.hidden = layer?.weight == null || (isStandalone() && known === undefined);
    box.checked = state.view.weightsByRange;
    if (section.hidden || layer === null || state.report === null || body.clientWidth === 0) return;
    const key = `${state.report.created} ${layer.name}`;
    if (known === undefined && !asked.has(key)) {
      asked.add(key);
      host.post({ type: 'layerWeights', layer: layer.name });
    }
    draw(state);
  };
}

function captionOf(
  svg: SVGSVGElement,
  title: string,
  ranges: WeightRanges,
  weights: Pick<LayerWeights, 'channels' | 'joined'>,
): Caption {
  return {
    title,
    words: describeWeights(ranges, weights),
    keys: [
      ...keyOf(svg, '.whiskers', swatches.upright, 'from least to largest weight'),
      ...keyOf(svg, '.middles', swatches.box, 'middle half, with the median'),
      ...keyOf(svg, '.step-band', swatches.box, 'one step of one scale for all'),
      ...keyOf(svg, '.outlier path', swatches.triangle, 'outlier'),
    ],
  };
}

function addStrip(
  parent: HTMLElement,
  ranges: WeightRanges,
  weights: Pick<LayerWeights, 'channels' | 'joined'>,
  width: number,
  byRange: boolean,
): SVGSVGElement {
  const { boxes } = ranges;
  const { joined, channels } = weights;
  const geometry = weightStripGeometry(ranges, { width, byRange, joined });
  const { plot, order, pitch } = geometry;
  const drawn = addPlotFrame(parent, {
    ...{ frame: 'strip-frame', plot: 'weight-strip' },
    label: `Weights. ${describeWeights(ranges, weights)}`,
    ...{ width: geometry.width, height: geometry.height, from: 0, to: Math.max(0, order.length - 1) },
  });
  const { svg, root } = drawn;
  root
    .append('rect')
    .attr('class', 'step-band')
    .attr('x', plot.left)
    .attr('width', plot.right - plot.left)
    .attr('y', geometry.band.y)
    .attr('height', geometry.band.height);
  root.append('path').attr('class', 'whiskers').attr('d', geometry.whiskers);
  root.append('path').attr('class', 'middles').attr('d', geometry.middles);
  root.append('path').attr('class', 'medians').attr('d', geometry.medians);
  root
    .append('g')
    .attr('class', 'axis')
    .attr('transform', `translate(${plot.left},0)`)
    .call(axisLeft<number>(geometry.y.copy()).ticks(4).tickSizeOuter(0).tickFormat(formatValue));
  const marks = root
    .selectAll('.outlier')
    .data(geometry.marks)
    .join('g')
    .attr('class', 'outlier')
    .attr('transform', (mark) => `translate(${mark.x.toFixed(1)},${plot.top})`);
  marks.append('path').attr('d', 'M-3.5 -6h7L0 0z');
  marks
    .filter((mark) => mark.label !== null)
    .append('text')
    .attr('y', -8)
    .attr('text-anchor', 'middle')
    .text((mark) => mark.label);
  addAxisTitle(root, 4, 9, 'start', 'weight');
  const title = byRange ? 'channels, the widest first' : 'channels';
  addAxisTitle(root, plot.left + (pitch * order.length) / 2, geometry.height - 6, 'middle', title);

  const describe = (place: number) => {
    const index = order[place] ?? 0;
    const at = (list: readonly number[]) => formatValue(list[index] ?? 0);
    const [from, to] = [index * joined, Math.min(channels, (index + 1) * joined) - 1];
    const who = from === to ? `Channel ${from}` : `Channels ${from} to ${to}`;
    const times = ranges.medianReach > 0 ? boxReach(boxes, index) / ranges.medianReach : 0;
    return `${who}: ${at(boxes.min)} to ${at(boxes.max)}, middle half ${at(boxes.low)} to ${at(boxes.high)}; reaches ${formatTimes(times)} the median`;
  };
  addReader(parent, drawn, {
    ...{ count: order.length, start: 0, describe },
    place: (place) => ({
      ...{ x: plot.left + place * pitch, y: plot.top },
      ...{ width: Math.max(1, pitch), height: plot.bottom - plot.top },
    }),
    itemAt: (x) => Math.floor((x - plot.left) / pitch),
  });
  if (ranges.outlierCount > 0) addOutliers(parent, ranges);
  return svg;
}

/** The outliers as text, for those who cannot see the marks. */
function addOutliers(parent: HTMLElement, { outliers, outlierCount }: WeightRanges): void {
  const line = add(parent, 'p', 'outlier-list');
  addIcon(line, 'warning', 'Outliers');
  const few = outliers.slice(0, 5).map(({ channel, times }) => `${channel} (${formatTimes(times)})`);
  const more = outlierCount - few.length;
  add(line, 'span', '', `Channels ${few.join(', ')}${more > 0 ? ` and ${formatExactCount(more)} more` : ''}`);
}
