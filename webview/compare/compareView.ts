import type { LayerReport, Report } from '../../engine/shared/protocol/report';
import type { MetricName } from '../../engine/shared/protocol/choices';
import {
  baseName,
  dropUnit,
  formatBytes,
  formatDate,
  formatDb,
  formatDropNumber,
  formatMeasuredDrop,
  formatMethod,
  formatMilliseconds,
  formatPlural,
  formatScore,
  formatValue,
  shortMethod,
  shorten,
} from '../../engine/shared/format';
import {
  clipOf,
  comparedTable,
  compareReports,
  isDifferent,
  type ComparedLayer,
} from '../state/compareReports';
import { addPictureExport, addTableExport } from '../export/addExport';
import { quoted } from '../export/caption';
import { pngBase64 } from '../export/pngBase64';
import { xmlText } from '../export/xmlText';
import {
  addDropAxis,
  addDumbbell,
  addMark,
  CELL_WIDTH,
  comparedPicture,
  dropScale,
  type Side,
} from './comparePicture';
import { add, addButton, addName, emptied, whenChanged, type Host, type Update } from '../ui/dom';

/** Rows that are drawn at once; more are asked for. */
const PAGE = 300;
const OTHER_METRIC =
  'The two were scored by different metrics, so their drops are not compared: only this report’s are drawn.';

const facts: [term: string, of: (report: Report) => string][] = [
  ['Float', ({ float }) => formatScore(float.metric, float.score)],
  ['All in int8', ({ float, int8 }) => formatScore(float.metric, int8.score)],
  ['As advised', ({ float, advised }) => formatScore(float.metric, advised.score)],
  ['Size as advised', ({ advised }) => formatBytes(advised.bytes)],
  ['Latency as advised', ({ advised }) => formatMilliseconds(advised.latencyMs)],
  [
    'Kept in float',
    ({ keepFloat, layers }) => `${keepFloat.length} of ${formatPlural(layers.length, 'layer')}`,
  ],
  ['Data', ({ settings }) => baseName(settings.data)],
  [
    'Calibration',
    ({ settings: { calibration, method } }) =>
      calibration === 'auto' ? `${formatMethod(method)}, of all tried` : formatMethod(calibration),
  ],
  ['Analyzed', ({ created }) => formatDate(created)],
];

function addSummary(parent: HTMLElement, mine: Report, other: Report, label: string): void {
  const table = add(parent, 'table', 'compare-summary');
  const head = add(add(table, 'thead', ''), 'tr', '');
  add(head, 'th', '', '').setAttribute('aria-label', 'Figure');
  const titles = [
    ['this', 'This report'],
    ['other', label],
  ] as const;
  for (const [side, title] of titles) {
    const cell = add(head, 'th', '');
    cell.scope = 'col';
    addMark(cell, side);
    addName(cell, 'span', '', title);
  }
  const body = add(table, 'tbody', '');
  for (const [term, of] of facts) {
    const [a, b] = [of(mine), of(other)];
    const row = add(body, 'tr', a === b ? 'same' : '');
    add(row, 'th', '', term).scope = 'row';
    addName(row, 'td', '', a);
    addName(row, 'td', '', b);
  }
}

function clipText(layer: LayerReport | null): string {
  const [input] = layer?.inputs ?? [];
  const clip = input === undefined ? null : clipOf(input);
  if (input === undefined || clip === null) return '–';
  return `±${formatValue(clip)} (${input.decided === undefined ? shortMethod(input.method) : 'decided'})`;
}

function addPair(row: HTMLElement, a: string, b: string): void {
  const cell = add(row, 'td', a === b ? 'compare-pair same' : 'compare-pair');
  add(cell, 'span', '', a);
  if (a !== b) add(cell, 'span', 'pair-other', `→ ${b}`);
}

function addRow(
  body: HTMLElement,
  row: ComparedLayer,
  metrics: Record<Side, MetricName>,
  x: ReturnType<typeof dropScale>,
  host: Host,
): void {
  const { mine, other, difference } = row;
  const metric = metrics.this;
  const layer = mine ?? other;
  if (layer === null) return;
  const line = add(body, 'tr', '');
  const name = add(line, 'th', 'compare-name');
  name.scope = 'row';
  if (mine === null) addName(name, 'span', '', layer.name);
  else {
    const button = addName(name, 'button', 'link', layer.name);
    button.type = 'button';
    button.addEventListener('click', () => host.dispatch({ type: 'select', layer: mine.name }));
  }
  const renamed = mine !== null && other !== null && mine.name !== other.name;
  if (renamed) addName(name, 'span', 'muted renamed', `there ${other.name}`);
  if (mine === null || other === null)
    add(name, 'span', 'badge', mine === null ? 'only in the other' : 'only in this');
  add(line, 'td', 'muted', layer.opType);
  const found = add(line, 'td', 'number');
  if (difference !== null) {
    const text = formatMeasuredDrop(metric, { drop: difference, standardError: row.standardError });
    add(found, 'span', row.isBeyondNoise ? 'difference' : 'muted', formatDropNumber(metric, difference));
    found.title = row.isBeyondNoise ? text : `${text}: within noise`;
    found.setAttribute('aria-label', found.title);
  }
  const picture = add(line, 'td', 'compare-picture');
  addDumbbell(picture, row, x);
  const said = (side: Side, one: LayerReport | null) =>
    one === null ? 'not there' : formatMeasuredDrop(metrics[side], one);
  picture.title = `This report: ${said('this', mine)}\nThe other: ${said('other', other)}`;
  add(picture, 'span', 'for-readers', picture.title);
  const both = (of: (l: LayerReport | null) => string) => addPair(line, of(mine), of(other));
  both((l) => (l === null ? '–' : formatDb(l.sqnrDb)));
  both((l) => l?.advice.decision ?? '–');
  both(clipText);
}

/** Mounts this report beside another one, layer by layer. */
export function mountCompare(parent: HTMLElement, host: Host): Update {
  const section = add(parent, 'section', 'compare-part');
  section.setAttribute('aria-label', 'Comparison');
  let isAll = false;
  let limit = PAGE;
  let redraw = (): void => undefined;
  const drawList = (body: HTMLElement, mine: Report, other: Report, label: string) => {
    const rows = compareReports(mine, other);
    const different = rows.filter(isDifferent);
    const { metric } = mine.float;
    const metrics = { this: metric, other: other.float.metric };
    const note = metric === metrics.other ? '' : OTHER_METRIC;
    const bar = add(body, 'div', 'panel-bar');
    add(bar, 'h2', '', 'Layers');
    const count = `${different.length} of ${formatPlural(rows.length, 'layer')} differ`;
    add(bar, 'span', 'muted', count).setAttribute('role', 'status');
    const frame = add(bar, 'label', 'check');
    const box = add(frame, 'input', '');
    box.type = 'checkbox';
    box.checked = !isAll;
    box.dataset['setting'] = 'differences-only';
    add(frame, 'span', '', 'Differences only');
    box.addEventListener('change', () => {
      isAll = !box.checked;
      redraw();
      section.querySelector<HTMLElement>('[data-setting="differences-only"]')?.focus();
    });
    const name = () => `${baseName(mine.model.path)}-compared`;
    const shown = isAll ? rows : different;
    const saves = add(bar, 'div', 'save-bar');
    addTableExport(saves, () => comparedTable(shown, label), name, host);
    const picture = () =>
      comparedPicture(section, shown, {
        ...{ metric, mine: quoted(baseName(mine.model.path)), other: quoted(label), note },
      });
    if (shown.length > 0)
      addPictureExport(saves, { svg: () => xmlText(picture()), png: () => pngBase64(picture()) }, name, host);
    if (note !== '') add(body, 'p', 'muted note', note);
    if (shown.length === 0) {
      add(body, 'p', 'empty muted', 'No layer differs beyond noise.');
      return;
    }
    const x = dropScale(rows, CELL_WIDTH);
    const table = add(body, 'table', 'compare-table');
    const head = add(add(table, 'thead', ''), 'tr', '');
    const unit = dropUnit(metric);
    const titles = [
      'Layer',
      'Operator',
      `Difference${unit === '' ? '' : `, ${unit}`}`,
      'Drop',
      'SQNR',
      'Decision',
      'Clip',
    ];
    for (const title of titles) {
      const cell = add(head, 'th', title.startsWith('Difference') ? 'number' : '', title);
      cell.scope = 'col';
      if (title === 'Drop') addDropAxis(cell, x, metric);
    }
    const lines = add(table, 'tbody', '');
    for (const row of shown.slice(0, limit)) addRow(lines, row, metrics, x, host);
    if (shown.length > limit)
      addButton(
        body,
        'more-compared',
        `Show ${formatPlural(Math.min(PAGE, shown.length - limit), 'more layer')}`,
        'secondary',
        () => {
          limit += PAGE;
          redraw();
        },
      );
  };
  return whenChanged(
    ({ report, compared, view }) => [report, compared, view.tab === 'compare'],
    ({ report, compared, view }) => {
      limit = PAGE;
      redraw = () => {
        emptied(section);
        // Thousands of rows are not worth drawing for a tab that is not shown.
        if (view.tab !== 'compare') return;
        if (report === null) {
          add(
            section,
            'p',
            'compare-empty muted',
            'Analyze the model first: what is compared are two analyses.',
          );
          return;
        }
        const head = add(section, 'div', 'compare-head');
        const label = compared === null ? 'Compare with Another Model…' : 'Compare with Another…';
        const kind = compared === null ? 'primary' : 'secondary';
        if (compared === null) {
          add(head, 'h2', '', 'Two analyses side by side');
          const what =
            'Another model, a saved report, or this model’s analysis before this one: layer by layer, what differs most first.';
          add(head, 'p', 'muted', what);
          addButton(head, 'compare', label, kind, () => host.post({ type: 'compare' }));
          return;
        }
        const title = add(head, 'h2', '', 'Compared with ');
        addName(title, 'span', '', shorten(compared.label, 200));
        addButton(head, 'compare', label, kind, () => host.post({ type: 'compare' }));
        addSummary(section, report, compared.report, compared.label);
        drawList(section, report, compared.report, compared.label);
      };
      redraw();
    },
  );
}
