import { axisBottom, axisLeft } from 'd3-axis';
import { scaleLinear } from 'd3-scale';
import type { OutputScatter, ScatterCounts } from '../../engine/shared/protocol/layerDetail';
import { formatDb, formatExactCount, formatPlural, formatValue } from '../../engine/shared/format';
import { densityPaths } from '../chart/densityPaths';
import { addExport } from '../export/addExport';
import { quoted, swatches } from '../export/caption';
import { keyOf } from '../export/captioned';
import { isStandalone } from '../ui/isStandalone';
import { mountAsked } from '../ui/askedPart';
import { add, type Host, type Update } from '../ui/dom';
import { addAxisTitle, addPlotFrame, addReader } from '../ui/plotFrame';

const LEFT = 44;
const BOTTOM = 34;
const TOP = 6;
const moves = new Map([
  ['ArrowRight', { right: 1, up: 0 }],
  ['ArrowLeft', { right: -1, up: 0 }],
  ['ArrowUp', { right: 0, up: 1 }],
  ['ArrowDown', { right: 0, up: -1 }],
]);

/** Mounts the chosen layer's outputs in int8 against those in float. */
export function mountScatter(parent: HTMLElement, host: Host): Update {
  return mountAsked(parent, host, {
    part: 'scatter-part',
    name: 'Outputs in int8 against float',
    title: 'Outputs: int8 against float',
    action: {
      ...{ id: 'compare-outputs', label: 'Compare Outputs' },
      message: (layer) => ({ type: 'compareOutputs', layer }),
    },
    // A page without an engine has those of some layers.
    isShown: ({ name }, { scatters }) => !isStandalone() || scatters.has(name),
    promise: () => 'Runs a few samples in float and in int8, and counts how their values meet.',
    waiting: 'Running samples in float and in int8…',
    answers: ({ scatters }) => scatters,
    draw: (body, result, { name }) => drawScatter(body, result, name, host),
  });
}

function drawScatter(parent: HTMLElement, scatter: OutputScatter, layer: string, host: Host): void {
  const few = scatter.counted < scatter.values ? `, ${formatExactCount(scatter.counted)} of them drawn` : '';
  const values = `${formatPlural(scatter.values, 'value')} of ${formatPlural(scatter.samples, 'sample')}`;
  add(
    parent,
    'p',
    'muted',
    `${values}${few}. On the line, int8 says what float says; stronger squares hold more.`,
  );
  const row = add(parent, 'div', 'scatter-row');
  const isPair = scatter.net !== null;
  const size = Math.max(
    140,
    Math.min(320, (parent.clientWidth - (isPair ? 16 : 0)) / (isPair ? 2 : 1) - LEFT - 12),
  );
  const room =
    parent.clientWidth < 2 * (140 + LEFT + 12) ? Math.min(320, parent.clientWidth - LEFT - 12) : size;
  const draw = (kind: string, title: string, counts: ScatterCounts) => {
    const { figure, svg } = addSquares(row, title, scatter, counts, room);
    const caption = () => ({
      title: `Outputs of ${quoted(layer)}, int8 against float: ${title.toLowerCase()}`,
      words: `SQNR ${formatDb(counts.sqnrDb)}. ${values}${few}.`,
      keys: [
        ...keyOf(svg, '.identity', swatches.line, 'int8 says what float says'),
        ...keyOf(svg, '.density-3', swatches.box, 'values; the stronger, the more'),
      ],
    });
    addExport(figure, svg, { name: `${layer}-outputs-${kind}`, caption }, host);
  };
  draw('alone', 'This layer alone in int8', scatter.alone);
  if (scatter.net !== null) draw('all', 'Everything in int8', scatter.net);
}

function addSquares(
  parent: HTMLElement,
  title: string,
  { bins, low, high }: Pick<OutputScatter, 'bins' | 'low' | 'high'>,
  { counts, sqnrDb }: ScatterCounts,
  size: number,
): { figure: HTMLElement; svg: SVGSVGElement } {
  const figure = add(parent, 'figure', 'scatter');
  const caption = add(figure, 'figcaption', '', title);
  add(caption, 'span', 'muted', ` SQNR ${formatDb(sqnrDb)}`);
  const drawn = addPlotFrame(figure, {
    ...{ frame: 'scatter-frame', plot: 'scatter-plot' },
    label: `${title}, SQNR ${formatDb(sqnrDb)}. Squares of float against int8 values`,
    ...{ width: LEFT + size + 8, height: TOP + size + BOTTOM, from: 0, to: bins * bins - 1 },
  });
  const { root } = drawn;
  const plot = root.append('g').attr('transform', `translate(${LEFT},${TOP})`);
  plot
    .selectAll('.density')
    .data(densityPaths(counts, bins, size))
    .join('path')
    .attr('class', (_, shade) => `density density-${shade}`)
    .attr('d', (path) => path);
  plot.append('path').attr('class', 'identity').attr('d', `M0 ${size}L${size} 0`);
  const x = scaleLinear().domain([low, high]).range([0, size]);
  const y = scaleLinear().domain([low, high]).range([size, 0]);
  const ticks = Math.max(2, Math.floor(size / 64));
  plot
    .append('g')
    .attr('class', 'axis')
    .attr('transform', `translate(0,${size})`)
    .call(axisBottom<number>(x).ticks(ticks).tickSizeOuter(0).tickFormat(formatValue));
  plot
    .append('g')
    .attr('class', 'axis')
    .call(axisLeft<number>(y).ticks(ticks).tickSizeOuter(0).tickFormat(formatValue));
  addAxisTitle(root, LEFT + size / 2, TOP + size + BOTTOM - 4, 'middle', 'float');
  addAxisTitle(root, LEFT + 6, TOP + 10, 'start', 'int8');
  const side = size / bins;
  const valueOf = (bin: number) => low + (bin / bins) * (high - low);
  const range = (bin: number) => `${formatValue(valueOf(bin))} to ${formatValue(valueOf(bin + 1))}`;
  // Squares are numbered line by line, from the lower left.
  const columnOf = (item: number) => item % bins;
  const lineOf = (item: number) => Math.floor(item / bins);
  const within = (bin: number) => Math.max(0, Math.min(bins - 1, bin));
  addReader(figure, drawn, {
    count: bins * bins,
    start: Math.floor(bins / 2) * (bins + 1),
    describe: (item) =>
      `float ${range(columnOf(item))}, int8 ${range(lineOf(item))}: ${formatPlural(counts[item] ?? 0, 'value')}`,
    place: (item) => ({
      ...{ x: LEFT + columnOf(item) * side, y: TOP + size - (lineOf(item) + 1) * side },
      ...{ width: Math.max(2, side), height: Math.max(2, side) },
    }),
    itemAt: (x, y) => {
      const [column, line] = [Math.floor((x - LEFT) / side), Math.floor((TOP + size - y) / side)];
      return column >= 0 && column < bins && line >= 0 && line < bins ? line * bins + column : -1;
    },
    step: (key, item) => {
      const move = moves.get(key);
      if (move === undefined) return null;
      return within(lineOf(item) + move.up) * bins + within(columnOf(item) + move.right);
    },
  });
  return { figure, svg: drawn.svg };
}
