import { axisLeft } from 'd3-axis';
import { select } from 'd3-selection';
import { baseName, formatDb, formatExactCount, formatPlural, shorten } from '../../engine/shared/format';
import type { Report } from '../../engine/shared/protocol/report';
import {
  errorJourney,
  isCarried,
  worstIntroducers,
  type JourneyBin,
  type JourneyGeometry,
  type JourneyLayer,
} from '../chart/errorJourney';
import { placeLabels } from '../chart/placeLabels';
import { addExport } from '../export/addExport';
import { quoted, swatches, type Caption } from '../export/caption';
import { keyOf } from '../export/captioned';
import { add, addText, emptied, whenChanged, type Host, type Update } from '../ui/dom';
import { addAxisTitle, addPlotFrame, addReader } from '../ui/plotFrame';

const HEIGHT = 190;
const NAME_LENGTH = 28;
/** About the width of a character of a label. */
const CHARACTER = 6.2;
const LABEL_HEIGHT = 13;

/** What the picture shows, in a sentence or two. */
export function describeJourney(layers: readonly JourneyLayer[]): string {
  const worst = worstIntroducers(layers);
  const first = layers[worst[0] ?? -1];
  if (first === undefined || first.sqnrDb === null) return 'Nobody has measured the noise of these layers.';
  const others = worst.length - 1;
  const told = layers.filter((l) => l.pathDb !== null);
  const carried = told.filter(isCarried).length;
  const last = told.at(-1);
  const parts = [
    `${quoted(first.name)} adds most noise, ${formatDb(first.sqnrDb)} at its own output${others > 0 ? `; ${formatPlural(others, 'other layer')} marked ${others === 1 ? 'stands' : 'stand'} out too` : ''}.`,
    told.length === 0
      ? 'What arrives with everything in int8 cannot be told for this model.'
      : `At ${formatExactCount(carried)} of ${formatPlural(told.length, 'layer')} most of the noise was carried there from before`,
  ];
  if (last === undefined || last.pathDb === null) return parts.join(' ');
  return `${parts.join(' ')}, and ${formatDb(last.pathDb)} are left at the last one.`;
}

/** What a bin says, for the line below the picture and for screen readers. */
export function describeBin(
  { first, last, worst, ownDb, pathDb }: JourneyBin,
  layers: readonly JourneyLayer[],
): string {
  const name = shorten(layers[worst]?.name ?? '', 80);
  const who = first === last ? name : `${formatPlural(last - first + 1, 'layer')}, the noisiest ${name}`;
  const own = ownDb === null ? 'its own noise is not known' : `adds noise at ${formatDb(ownDb)}`;
  const layer = layers[worst];
  const carried = layer !== undefined && isCarried(layer) ? ', most of it carried there' : '';
  const path = pathDb === null ? '' : `; ${formatDb(pathDb)} with everything in int8${carried}`;
  return `${who}: ${own}${path}`;
}

const TITLE = 'The error’s journey';
/** What is drawn, by its class. */
const legend: readonly [kind: string, shape: string, text: string][] = [
  ['own', swatches.box, 'added by the layer itself'],
  ['carried', swatches.box, 'carried from before'],
  ['path', swatches.line, 'with everything in int8'],
];

function addLegend(parent: HTMLElement): void {
  const list = add(parent, 'ul', 'journey-legend muted');
  for (const [kind, , text] of legend) {
    const item = add(list, 'li', '');
    add(item, 'span', `journey-swatch ${kind}`).setAttribute('aria-hidden', 'true');
    add(item, 'span', '', text);
  }
}

function captionOf(svg: SVGSVGElement, { layers, model }: Pick<Report, 'layers' | 'model'>): Caption {
  return {
    title: `${TITLE} through ${quoted(baseName(model.path))}`,
    words: `Signal to noise at each layer’s output: the higher in the picture, the noisier. ${describeJourney(layers)}`,
    keys: [
      ...legend.flatMap(([kind, shape, text]) => keyOf(svg, `.journey-${kind}`, shape, text)),
      ...keyOf(svg, '.journey-mark path', swatches.triangle, 'adds most noise'),
    ],
  };
}

function drawLabels(root: SVGSVGElement, geometry: JourneyGeometry, layers: readonly JourneyLayer[]): void {
  const { marks, plot } = geometry;
  const labels = marks.map(({ layer, x, y, top }) => {
    const text = shorten(layers[layer]?.name ?? '', NAME_LENGTH);
    const width = text.length * CHARACTER + 12;
    // At the right end there is room on the other side only.
    return { text, x: Math.max(plot.left, Math.min(x, plot.right - width)), at: x, y, top, width };
  });
  const rows = placeLabels(labels);
  const groups = select(root).selectAll('.journey-mark').data(labels).join('g').attr('class', 'journey-mark');
  groups.append('path').attr('d', (l) => `M${l.at - 4} ${l.y - 8}h8l-4 6z`);
  groups
    .append('text')
    .attr('x', (l) => l.x)
    .attr('y', (l, i) => Math.max(10, l.top - 10 - (rows[i] ?? 0) * LABEL_HEIGHT))
    .text((l) => l.text);
}

function drawPicture(parent: HTMLElement, report: Pick<Report, 'layers' | 'model'>, host: Host): void {
  const { layers, model } = report;
  const geometry = errorJourney(layers, { width: parent.clientWidth, height: HEIGHT });
  const { plot, bins, pitch } = geometry;
  const drawn = addPlotFrame(parent, {
    ...{ frame: 'journey-frame', plot: 'journey-picture' },
    label: 'Noise along the layers, from input to output; Enter shows the layer',
    ...{ width: parent.clientWidth, height: HEIGHT, from: 0, to: Math.max(0, bins.length - 1) },
  });
  const { frame, svg, root } = drawn;
  root.append('path').attr('class', 'journey-own').attr('d', geometry.bars);
  root.append('path').attr('class', 'journey-carried').attr('d', geometry.carried);
  root.append('path').attr('class', 'journey-path').attr('d', geometry.path);
  root
    .append('g')
    .attr('class', 'axis')
    .attr('transform', `translate(${plot.left},0)`)
    .call(
      axisLeft<number>(geometry.y.copy())
        .ticks(5)
        .tickSizeOuter(0)
        .tickFormat((db) => String(db).replace('-', '−')),
    );
  addAxisTitle(root, 4, 12, 'start', 'dB');
  addAxisTitle(root, plot.left, HEIGHT - 10, 'start', 'input');
  addAxisTitle(root, plot.right, HEIGHT - 10, 'end', 'output');
  addAxisTitle(root, (plot.left + plot.right) / 2, HEIGHT - 10, 'middle', 'layers, in the model’s order');
  drawLabels(svg, geometry, layers);
  const reader = addReader(parent, drawn, {
    count: bins.length,
    start: geometry.marks[0]?.bin ?? 0,
    describe: (bin) => {
      const one = bins[bin];
      return one === undefined ? ' ' : describeBin(one, layers);
    },
    place: (bin) => ({
      ...{ x: plot.left + bin * pitch, y: plot.top },
      ...{ width: Math.max(2, pitch), height: plot.bottom - plot.top },
    }),
    itemAt: (x) => Math.floor((x - plot.left) / pitch),
  });
  const open = () => {
    const layer = layers[bins[reader.current()]?.worst ?? -1];
    if (layer !== undefined) host.dispatch({ type: 'select', layer: layer.name });
  };
  frame.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    open();
  });
  frame.addEventListener('focus', () => {
    if (frame.matches(':focus-visible')) reader.show(reader.current());
  });
  frame.addEventListener('click', (event) => {
    if (reader.follow(event)) open();
  });
  const name = `${baseName(model.path)}-journey`;
  addExport(parent, svg, { name, caption: () => captionOf(svg, report) }, host);
}

/** The noise of everything in int8 along the layers: where it is added and where it is only carried on. */
export function mountJourney(parent: HTMLElement, host: Host): Update {
  const section = add(parent, 'section', 'journey');
  section.setAttribute('aria-label', TITLE);
  const head = add(section, 'div', 'journey-head');
  const title = add(head, 'h2', '', TITLE);
  title.title = 'Signal to noise at each layer’s output, in dB: the higher in the picture, the noisier';
  addLegend(head);
  const words = add(section, 'div', '');
  const body = add(section, 'div', 'journey-body');
  let report: Report | null = null;
  let drawn = 0;
  const draw = () => {
    drawn = body.clientWidth;
    if (drawn === 0) return;
    emptied(body);
    if (report !== null) drawPicture(body, report, host);
  };
  // A panel that is hidden has no width to draw for.
  new ResizeObserver(() => {
    if (body.clientWidth !== drawn) draw();
  }).observe(body);
  return whenChanged(
    (state) => [state.report],
    (state) => {
      report = state.report?.layers.length === 0 ? null : state.report;
      section.hidden = report === null;
      emptied(words);
      if (report === null) return;
      addText(words, 'p', '', describeJourney(report.layers));
      draw();
    },
  );
}
