import { axisBottom, axisLeft } from 'd3-axis';
import { scaleLinear } from 'd3-scale';
import { select } from 'd3-selection';
import type { OutputScatter, ScatterCounts } from '../../engine/protocol';
import { formatDb, formatExactCount, formatPlural, formatValue } from '../../engine/format';
import { densityPaths } from '../chart/densityPaths';
import { addExport } from '../export/addExport';
import { shownLayer } from '../layerRows';
import { add, addButton, addText, emptied, whenChanged, type Host, type Update } from './dom';
import { addIcon } from './icons';

const LEFT = 44;
const BOTTOM = 34;
const TOP = 6;

/** Mounts the chosen layer's outputs in int8 against those in float, which running the model tells: only when asked to. */
export function mountScatter(parent: HTMLElement, host: Host): Update {
  const section = add(parent, 'section', 'scatter-part');
  section.setAttribute('aria-label', 'Outputs in int8 against float');
  const head = add(section, 'div', 'part-head');
  add(head, 'h3', '', 'Outputs: int8 against float');
  const button = addButton(head, 'compare-outputs', 'Compare Outputs', 'secondary', () => {
    host.post({ type: 'compareOutputs', layer: button.dataset['layer'] ?? '' });
  });
  const body = add(section, 'div', 'scatter-body');
  const draw = whenChanged(
    (state) => {
      const layer = shownLayer(state);
      return [layer, state.scatters.get(layer?.name ?? ''), body.clientWidth];
    },
    (state) => {
      const layer = shownLayer(state);
      const answer = state.scatters.get(layer?.name ?? '');
      emptied(body);
      button.dataset['layer'] = layer?.name ?? '';
      button.hidden = answer !== undefined && answer.kind !== 'failed';
      if (answer === undefined) {
        add(body, 'p', 'muted', 'Runs a few samples in float and in int8, and counts how their values meet.');
      } else if (answer.kind === 'waiting') {
        add(body, 'p', 'muted', 'Running samples in float and in int8…').setAttribute('role', 'status');
      } else if (answer.kind === 'failed') {
        const line = add(body, 'p', 'warning');
        addIcon(line, 'warning', 'Not compared');
        addText(line, 'span', 'clamped', `${answer.error.message} ${answer.error.hint}`);
      } else {
        drawScatter(body, answer.result);
        body.querySelectorAll('svg').forEach((svg, i) => {
          const name = `${layer?.name ?? ''}-outputs-${i === 0 ? 'alone' : 'all'}`;
          addExport(svg.closest('figure') ?? body, svg, name, host);
        });
      }
    },
  );
  return (state) => {
    section.hidden = shownLayer(state) === null;
    draw(state);
  };
}

function drawScatter(parent: HTMLElement, scatter: OutputScatter): void {
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
  addSquares(row, 'This layer alone in int8', scatter, scatter.alone, room);
  if (scatter.net !== null) addSquares(row, 'Everything in int8', scatter, scatter.net, room);
}

function addSquares(
  parent: HTMLElement,
  title: string,
  { bins, low, high }: Pick<OutputScatter, 'bins' | 'low' | 'high'>,
  { counts, sqnrDb }: ScatterCounts,
  size: number,
): void {
  const figure = add(parent, 'figure', 'scatter');
  const caption = add(figure, 'figcaption', '', title);
  add(caption, 'span', 'muted', ` SQNR ${formatDb(sqnrDb)}`);
  const frame = add(figure, 'div', 'histogram-frame');
  frame.tabIndex = 0;
  frame.setAttribute('role', 'slider');
  frame.setAttribute(
    'aria-label',
    `${title}, SQNR ${formatDb(sqnrDb)}. Squares of float against int8 values`,
  );
  frame.setAttribute('aria-valuemin', '0');
  frame.setAttribute('aria-valuemax', String(bins * bins - 1));
  const svg = frame.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
  const root = select(svg)
    .attr('class', 'histogram')
    .attr('aria-hidden', 'true')
    .attr('width', LEFT + size + 8)
    .attr('height', TOP + size + BOTTOM);
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
  const words = (at: string, turn: string, text: string) =>
    plot
      .append('text')
      .attr('class', 'axis-title')
      .attr('transform', `translate(${at})${turn}`)
      .attr('text-anchor', 'middle')
      .text(text);
  words(`${size / 2},${size + BOTTOM - 4}`, '', 'float');
  words('12,10', '', 'int8');
  const side = size / bins;
  const cursor = plot.append('rect').attr('class', 'cursor').attr('width', Math.max(2, side));
  cursor.attr('height', Math.max(2, side)).style('display', 'none');
  const readout = add(figure, 'p', 'readout muted', ' ');

  let at = [Math.floor(bins / 2), Math.floor(bins / 2)] as const;
  const valueOf = (bin: number) => low + (bin / bins) * (high - low);
  const describe = ([column, line]: readonly [number, number]) => {
    const count = counts[line * bins + column] ?? 0;
    const range = (bin: number) => `${formatValue(valueOf(bin))} to ${formatValue(valueOf(bin + 1))}`;
    return `float ${range(column)}, int8 ${range(line)}: ${formatPlural(count, 'value')}`;
  };
  const show = (column: number, line: number) => {
    const within = (bin: number) => Math.max(0, Math.min(bins - 1, bin));
    at = [within(column), within(line)];
    cursor
      .style('display', null)
      .attr('x', at[0] * side)
      .attr('y', size - (at[1] + 1) * side);
    const text = describe(at);
    frame.setAttribute('aria-valuenow', String(at[1] * bins + at[0]));
    frame.setAttribute('aria-valuetext', text);
    readout.textContent = text;
  };
  const hide = () => {
    cursor.style('display', 'none');
    readout.textContent = ' ';
  };
  frame.setAttribute('aria-valuenow', String(at[1] * bins + at[0]));
  frame.setAttribute('aria-valuetext', describe(at));
  const moves = new Map([
    ['ArrowRight', [1, 0]],
    ['ArrowLeft', [-1, 0]],
    ['ArrowUp', [0, 1]],
    ['ArrowDown', [0, -1]],
  ]);
  frame.addEventListener('keydown', (event) => {
    const move = moves.get(event.key);
    if (move === undefined) return;
    event.preventDefault();
    show(at[0] + (move[0] ?? 0), at[1] + (move[1] ?? 0));
  });
  frame.addEventListener('blur', hide);
  frame.addEventListener('pointerleave', hide);
  frame.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - LEFT) / side);
    const line = Math.floor((TOP + size - (event.clientY - box.top)) / side);
    if (column >= 0 && column < bins && line >= 0 && line < bins) show(column, line);
    else hide();
  });
}
