import type { LayerReport, Report } from '../../engine/shared/protocol/report';
import type { LayerSummary } from '../../engine/shared/protocol/model';
import { causeTitles, savedNoise } from '../../engine/shared/findings';
import {
  formatBytes,
  formatCosine,
  formatDb,
  formatMeasuredDrop,
  formatScore,
  formatShape,
  isNoise,
} from '../../engine/shared/format';
import { keptLayers, shownLayer } from '../state/layerRows';
import type { State } from '../state/state';
import { add, addKeepBox, addName, addText, emptied, whenChanged, type Host, type Update } from '../ui/dom';
import { addIcon, type IconName } from '../ui/icons';
import { addInput, type Moved } from './inputView';
import { mountRemedied } from './inputChangeView';
import { mountScatter } from './scatterView';
import { mountWeights } from './weightsView';

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
  if (layer.mendedDb !== null)
    figure(
      'With remedies',
      formatDb(layer.mendedDb),
      'The same with the remedies and scales of the advised model',
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

/** A layer that costs something by itself may stay in int8 all the same: other remedies are advised, or float gains too little. */
function adviceOf(layer: LayerReport): { icon: IconName; words: string } {
  if (layer.advice.decision === 'float') return { icon: 'advice', words: 'Keep in float.' };
  return layer.drop > 0 && !isNoise(layer)
    ? { icon: 'info', words: 'Stays in int8.' }
    : { icon: 'pass', words: 'Fine in int8.' };
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
  const { icon, words } = adviceOf(layer);
  addIcon(advice, icon);
  const text = add(advice, 'span', '');
  add(text, 'strong', '', words);
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
  const toggle = (setting: string, label: string, title: string, act: (on: boolean) => void) => {
    const frame = add(tools, 'label', 'check');
    frame.title = title;
    const box = add(frame, 'input', '');
    box.type = 'checkbox';
    box.dataset['setting'] = setting;
    box.addEventListener('change', () => act(box.checked));
    add(frame, 'span', '', label);
    return box;
  };
  const magnitudes = toggle('magnitudes', '|x|', 'Draw magnitudes, both signs on one side', (on) =>
    host.dispatch({ type: 'magnitudes', on }),
  );
  const log = toggle('log-counts', 'Log counts', 'Draw counts on a logarithmic scale', (on) =>
    host.dispatch({ type: 'logCounts', on }),
  );
  const zoom = toggle('zoom', 'Zoom to clip', 'Draw only the neighbourhood of the clip in use', (on) =>
    host.dispatch({ type: 'range', range: on ? 'clip' : 'all' }),
  );
  return ({ view }) => {
    magnitudes.checked = view.magnitudes;
    log.checked = view.logCounts;
    zoom.checked = view.range === 'clip';
  };
}

/** The chosen layer: its figures, the advice, the histogram and clips of every input, its weights and its output. */
export function mountDetail(parent: HTMLElement, host: Host): Update {
  const section = add(parent, 'section', 'detail-panel');
  section.tabIndex = -1;
  section.setAttribute('aria-label', 'Layer detail');
  const head = add(section, 'div', 'detail-head');
  const controls = add(section, 'div', 'detail-controls');
  const box = addKeepBox(controls, '', 'Keep in float', host);
  const drawTools = addTools(controls, host);
  const inputs = add(section, 'div', 'detail-inputs');
  const more = [mountRemedied(section, host), mountWeights(section, host), mountScatter(section, host)];
  let current: State | null = null;
  let moved: Moved = { zooms: new Map(), clips: new Map() };
  let parts: Update[] = [];
  section.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') document.querySelector<HTMLElement>('.layer-grid')?.focus();
  });

  const drawLayer = whenChanged(
    (state) => [state.report, shownLayer(state)],
    (state) => {
      const layer = shownLayer(state);
      emptied(head);
      section.hidden = layer === null;
      moved = { zooms: new Map(), clips: new Map() };
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
    (state) => [shownLayer(state), state.report, inputs.clientWidth],
    ({ report, ...state }) => {
      const layer = shownLayer({ report, ...state });
      emptied(inputs);
      parts = [];
      if (layer === null || report === null || inputs.clientWidth === 0) return;
      const width = Math.min(inputs.clientWidth, 900);
      if (layer.inputs.length === 0)
        add(inputs, 'p', 'muted', 'No activations were recorded for this layer.');
      parts = layer.inputs.map((_, index) => addInput(inputs, { layer, index, report, width, moved }, host));
    },
  );
  const drawPictures: Update = (state) => {
    drawInputs(state);
    for (const update of [...parts, ...more]) update(state);
  };
  new ResizeObserver(() => {
    if (current !== null) drawPictures(current);
  }).observe(inputs);

  return (state) => {
    current = state;
    drawLayer(state);
    box.checked = keptLayers(state).has(box.dataset['keepFloat'] ?? '');
    drawTools(state);
    drawPictures(state);
  };
}
