import { select } from 'd3-selection';
import type { FloatResult, Int8Result, Report } from '../../engine/protocol';
import {
  baseName,
  formatBytes,
  formatDate,
  formatDrop,
  formatMethod,
  formatMetric,
  formatMilliseconds,
  formatPlural,
  formatScore,
  formatShrink,
  formatSpeed,
} from '../../engine/format';
import { describeTarget, meetsTarget } from '../../engine/target';
import { add, addName, addText, emptied, whenChanged, type Update } from './dom';
import { addIcon } from './icons';

interface Variant {
  title: string;
  subtitle: string;
  result: FloatResult | Int8Result;
  met: boolean | null;
}

function variants(report: Report): Variant[] {
  const { float, int8, advised, keepFloat, settings } = report;
  const met =
    keepFloat.length === 0
      ? advised.meetsTarget
      : meetsTarget(float.metric, float.score, int8.score, settings.targetDrop);
  const kept = keepFloat.length === 0 ? 'every layer in int8' : `${keepFloat.length} in float`;
  return [
    { title: 'Float', subtitle: '', result: float, met: null },
    { title: 'Int8', subtitle: 'every layer', result: int8, met },
    { title: 'Advised', subtitle: kept, result: advised, met: advised.meetsTarget },
  ];
}

function drawScore(cell: HTMLElement, report: Report, { result, met }: Variant): void {
  add(cell, 'strong', '', formatScore(result.metric, result.score));
  if (met !== null) {
    add(cell, 'span', 'muted', formatDrop(result.metric, report.float.score - result.score));
  }
  const share = result.score / report.float.score;
  if (!Number.isFinite(share)) return;
  const meter = add(cell, 'div', 'meter');
  meter.setAttribute('aria-hidden', 'true');
  const percent = `${100 * Math.max(0, Math.min(1, share))}%`;
  select(add(meter, 'div', met === false ? 'meter-fill missed' : 'meter-fill')).style('width', percent);
}

function drawTarget(cell: HTMLElement, met: boolean): void {
  addIcon(cell, met ? 'pass' : 'fail');
  add(cell, 'span', '', met ? 'met' : 'missed');
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

type Line = [title: string, draw: (cell: HTMLElement, variant: Variant) => void];

function lines(report: Report): Line[] {
  const { float, settings } = report;
  const pair = (cell: HTMLElement, value: string, comparison: string | null) => {
    add(cell, 'span', '', value);
    if (comparison !== null) add(cell, 'span', 'muted', comparison);
  };
  return [
    [formatMetric(float.metric), (cell, variant) => drawScore(cell, report, variant)],
    [
      capitalized(describeTarget(float.metric, settings.targetDrop)),
      (cell, { met }) => (met === null ? add(cell, 'span', 'muted', '–') : drawTarget(cell, met)),
    ],
    [
      'Size',
      (cell, { result }) =>
        pair(
          cell,
          formatBytes(result.bytes),
          result === float ? null : formatShrink(float.bytes, result.bytes),
        ),
    ],
    [
      'Latency',
      (cell, { result }) =>
        pair(
          cell,
          formatMilliseconds(result.latencyMs),
          result === float ? null : formatSpeed(float.latencyMs, result.latencyMs),
        ),
    ],
    [
      'Nodes',
      (cell, { result }) =>
        'integerNodes' in result
          ? pair(cell, `${result.integerNodes} integer,`, `${result.floatNodes} float`)
          : add(cell, 'span', 'muted', 'all float'),
    ],
  ];
}

function drawTable(parent: HTMLElement, report: Report): void {
  const table = add(parent, 'table', 'result');
  add(table, 'caption', 'for-readers', 'Float, int8 and advised compared');
  const head = add(add(table, 'thead', ''), 'tr', '');
  add(head, 'td', '');
  const columns = variants(report);
  columns.forEach(({ title, subtitle }) => {
    const cell = add(head, 'th', '');
    cell.scope = 'col';
    add(cell, 'span', '', title);
    if (subtitle !== '') add(cell, 'span', 'muted', subtitle);
  });
  const body = add(table, 'tbody', '');
  lines(report).forEach(([title, draw]) => {
    const row = add(body, 'tr', '');
    add(row, 'th', '', title).scope = 'row';
    columns.forEach((variant) => draw(add(add(row, 'td', ''), 'div', 'pair'), variant));
  });
}

function drawBasis(parent: HTMLElement, { settings, created, float }: Report): void {
  const basis = add(parent, 'p', 'basis muted');
  const say = (text: string) => add(basis, 'span', '', text);
  const calibration = settings.calibration === 'auto' ? ' (chosen by trying all)' : '';
  say(
    settings.sharedSamples
      ? `The same ${formatPlural(settings.calibrationSamples, 'sample')} to calibrate and to evaluate, from `
      : `${formatPlural(settings.calibrationSamples, 'sample')} to calibrate, ${settings.evaluationSamples} to evaluate, from `,
  );
  addName(basis, 'span', '', baseName(settings.data)).title = settings.data;
  say(
    ` · ${formatMethod(settings.method)}${calibration} · weights ${settings.weights} · ${settings.profile}` +
      ` · ${formatMetric(float.metric)} · ${formatDate(created)}`,
  );
}

/** What every calibrator reached when all were tried. */
function drawCalibrators(parent: HTMLElement, { calibrationTable, settings, float }: Report): void {
  if (calibrationTable.length === 0) return;
  const details = add(parent, 'details', 'calibrators');
  const tried = `${calibrationTable.length} calibrators tried`;
  add(details, 'summary', '', `${tried}: ${formatMethod(settings.method)} is used`);
  const table = add(details, 'table', 'clip-table');
  add(table, 'caption', 'muted', 'Everything in int8, weights per channel, on the calibration samples');
  const head = add(add(table, 'thead', ''), 'tr', '');
  for (const title of ['Calibrator', formatMetric(float.metric)]) add(head, 'th', '', title).scope = 'col';
  const body = add(table, 'tbody', '');
  const most = Math.max(...calibrationTable.map((row) => row.score));
  for (const { method, score } of calibrationTable.toSorted((a, b) => b.score - a.score)) {
    const used = method === settings.method;
    const row = add(body, 'tr', used ? 'used' : '');
    const title = add(row, 'th', '', formatMethod(method));
    title.scope = 'row';
    if (used) add(title, 'span', 'badge', 'used');
    const cell = add(row, 'td', 'score-bar', formatScore(float.metric, score));
    cell.style.setProperty('--share', String(most > 0 ? Math.max(0, score / most) : 0));
  }
}

/** Float against int8 against the advice, and what these numbers rest on. */
export function mountResult(parent: HTMLElement): Update {
  const section = add(parent, 'section', 'result-panel');
  section.setAttribute('aria-label', 'Result');
  return whenChanged(
    (state) => [state.report],
    ({ report }) => {
      emptied(section);
      section.hidden = report === null;
      if (report === null) return;
      drawTable(section, report);
      drawBasis(section, report);
      drawCalibrators(section, report);
      report.warnings.forEach((warning) => {
        const line = add(section, 'p', 'warning');
        addIcon(line, 'warning', 'Warning');
        addText(line, 'span', 'clamped', warning);
      });
    },
  );
}
