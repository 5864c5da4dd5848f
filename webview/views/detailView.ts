import type { LayerInput, LayerReport, LayerSummary, Report } from '../../engine/protocol';
import { causeTitles, savedNoise } from '../../engine/describeFindings';
import {
  formatBytes,
  formatCosine,
  formatDb,
  formatMeasuredDrop,
  formatNotFinite,
  formatScore,
  formatShape,
  isNoise,
} from '../../engine/format';
import { totalCount } from '../chart/rebin';
import { keptLayers, shownLayer } from '../layerRows';
import type { State } from '../store';
import { addClipTable } from './clipTableView';
import { add, addKeepBox, addName, addText, emptied, whenChanged, type Host, type Update } from './dom';
import { addHistogram } from './histogramView';
import { addIcon } from './icons';

function drawFigures(parent: HTMLElement, layer: LayerReport, { float, choosing, settings }: Report): void {
  const { metric } = float;
  const list = add(parent, 'dl', 'figures');
  const figure = (term: string, value: string, hint: string) => {
    const group = add(list, 'div', '');
    group.title = hint;
    add(group, 'dt', '', term);
    return add(group, 'dd', '', value);
  };
  const alone = 'with this layer alone in int8, on the samples that choose';
  const all = settings.choosingSamples;
  const settled = layer.samples < all ? `; ${layer.samples} of ${all} samples settled it` : '';
  const drop = figure(
    'Drop',
    formatMeasuredDrop(metric, layer),
    `Change of the score ${alone}, with its standard error${settled}`,
  );
  if (isNoise(layer)) add(drop, 'span', 'muted', ' within noise');
  const score = figure('Score', formatScore(metric, layer.score), `The model's score ${alone}`);
  add(score, 'span', 'muted', ` float ${formatScore(metric, choosing.score)}`);
  const error = (label: string, db: number, cosine: number | null, title: string) => {
    const value = figure(label, formatDb(db), title);
    if (cosine !== null) add(value, 'span', 'muted', ` cosine ${formatCosine(cosine)}`);
  };
  error(
    'SQNR',
    layer.sqnrDb,
    layer.cosine,
    "Signal to quantization noise at this layer's own output, and the cosine between int8 and float there",
  );
  error('At outputs', layer.outputDb, layer.outputCosine, `The same at the model's outputs ${alone}`);
  if (layer.pathDb !== null)
    error(
      'In the int8 net',
      layer.pathDb,
      layer.pathCosine,
      'The same at this layer with everything in int8, errors from before included',
    );
  figure('Runs in', layer.ranAsInteger ? 'integers' : 'float', 'How the runtime computed it in int8');
}

function drawHead(
  parent: HTMLElement,
  layer: LayerReport,
  summary: LayerSummary | undefined,
  report: Report,
): void {
  addName(parent, 'h2', 'layer-name', layer.name);
  const facts = add(parent, 'ul', 'facts');
  addName(facts, 'li', '', layer.opType);
  if (layer.weight !== null) addName(facts, 'li', '', layer.weight);
  if (summary !== undefined && summary.weight !== null) {
    add(facts, 'li', '', formatShape(summary.weightShape));
    add(facts, 'li', '', formatBytes(summary.weightBytes));
  }
  drawFigures(parent, layer, report);
  const advice = add(parent, 'p', 'layer-advice');
  addIcon(advice, layer.advice.decision === 'float' ? 'advice' : 'pass');
  const decision = layer.advice.decision === 'float' ? 'Keep in float.' : 'Fine in int8.';
  const text = add(advice, 'span', '');
  add(text, 'strong', '', decision);
  add(text, 'span', '', ' ');
  addText(text, 'span', '', layer.advice.reason);
  if (layer.cause !== null) {
    const why = add(parent, 'p', 'layer-advice');
    addIcon(why, 'info');
    const words = add(why, 'span', '');
    add(words, 'strong', '', `Why: ${causeTitles[layer.cause.kind]}.`);
    add(words, 'span', '', ' ');
    addText(words, 'span', '', layer.cause.reason);
    if (layer.cause.remedy !== null) addText(words, 'span', 'muted', ` ${layer.cause.remedy}`);
    const saved = savedNoise(layer);
    if (saved !== '') add(words, 'span', 'muted', ` ${saved}`);
  }
  if (!layer.ranAsInteger) {
    const note = add(parent, 'p', 'warning');
    addIcon(note, 'warning', 'Note');
    add(note, 'span', '', 'The runtime computes this layer in float even when it is quantized.');
  }
}

function addTools(parent: HTMLElement, host: Host): Update {
  const tools = add(parent, 'div', 'tools');
  const toggle = (label: string, title: string, act: (on: boolean) => void) => {
    const frame = add(tools, 'label', 'check');
    frame.title = title;
    const box = add(frame, 'input', '');
    box.type = 'checkbox';
    box.addEventListener('change', () => act(box.checked));
    add(frame, 'span', '', label);
    return box;
  };
  const log = toggle('Log counts', 'Draw counts on a logarithmic scale', (on) =>
    host.dispatch({ type: 'logCounts', on }),
  );
  const zoom = toggle('Zoom to clip', 'Draw only the neighbourhood of the clip in use', (on) =>
    host.dispatch({ type: 'range', range: on ? 'clip' : 'all' }),
  );
  log.dataset['setting'] = 'log-counts';
  zoom.dataset['setting'] = 'zoom';
  return ({ view }) => {
    log.checked = view.logCounts;
    zoom.checked = view.range === 'clip';
  };
}

/** The chosen layer: its figures, the advice, and the histogram and clips of every input. */
export function mountDetail(parent: HTMLElement, host: Host): Update {
  const section = add(parent, 'section', 'detail-panel');
  section.tabIndex = -1;
  section.setAttribute('aria-label', 'Layer detail');
  const head = add(section, 'div', 'detail-head');
  const controls = add(section, 'div', 'detail-controls');
  const box = addKeepBox(controls, '', 'Keep in float', host);
  const drawTools = addTools(controls, host);
  const inputs = add(section, 'div', 'detail-inputs');
  let current: State | null = null;
  section.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') document.querySelector<HTMLElement>('.layer-grid')?.focus();
  });

  const drawLayer = whenChanged(
    (state) => [state.report, shownLayer(state)],
    (state) => {
      const layer = shownLayer(state);
      emptied(head);
      section.hidden = layer === null;
      if (layer === null || state.report === null) return;
      section.scrollTop = 0;
      section.dataset['layer'] = layer.name;
      box.dataset['keepFloat'] = layer.name;
      box.dataset['advised'] = String(state.report.keepFloat.includes(layer.name));
      const summary = state.model?.layers.find((one) => one.name === layer.name);
      drawHead(head, layer, summary, state.report);
    },
  );
  const drawInputs = whenChanged(
    (state) => [shownLayer(state), state.view.logCounts, state.view.range, inputs.clientWidth],
    (state) => {
      const layer = shownLayer(state);
      emptied(inputs);
      if (layer === null || state.report === null || inputs.clientWidth === 0) return;
      const { settings } = state.report;
      const { logCounts, range } = state.view;
      const width = Math.min(inputs.clientWidth, 900);
      if (layer.inputs.length === 0)
        add(inputs, 'p', 'muted', 'No activations were recorded for this layer.');
      layer.inputs.forEach((input, i) => {
        const part = add(inputs, 'div', 'input-part');
        const title = add(part, 'h3', '');
        add(title, 'span', '', layer.inputs.length > 1 ? `Input ${i + 1}: ` : 'Input: ');
        addName(title, 'span', '', input.tensor);
        addNotFinite(part, input);
        if (input.notFinite !== undefined && totalCount(input.histogram) === 0) {
          add(part, 'p', 'muted', 'No value is left to draw or to clip.');
          return;
        }
        addHistogram(part, input, { width, logCounts, range, method: input.method }, `tail-${i}`);
        addClipTable(part, input, settings);
      });
    },
  );
  new ResizeObserver(() => {
    if (current !== null) drawInputs(current);
  }).observe(inputs);

  return (state) => {
    current = state;
    drawLayer(state);
    box.checked = keptLayers(state).has(box.dataset['keepFloat'] ?? '');
    drawTools(state);
    drawInputs(state);
  };
}

/** Says what the histogram below does not show. */
function addNotFinite(parent: HTMLElement, { notFinite }: LayerInput): void {
  if (notFinite === undefined) return;
  const line = add(parent, 'p', 'warning');
  addIcon(line, 'warning', 'Warning');
  const where = notFinite.sample === null ? '' : `, first in sample ${notFinite.sample}`;
  addText(
    line,
    'span',
    'clamped',
    `${formatNotFinite(notFinite)}${where}. Left out of the histogram and of the clips.`,
  );
}
