import { select } from 'd3-selection';
import type { FloatResult, Int8Result, Report, TargetVerdict } from '../../engine/shared/protocol/report';
import type { SettledSettings } from '../../engine/shared/protocol/settings';
import {
  baseName,
  capitalized,
  dropUnit,
  formatBytes,
  formatDate,
  formatDropNumber,
  formatInterval,
  formatMethod,
  formatMetric,
  formatMilliseconds,
  formatPlural,
  formatScore,
  formatShare,
  formatShrink,
  formatSpeedup,
  formatSpread,
} from '../../engine/shared/format';
import { describeTarget, verdictWord } from '../../engine/shared/accuracyTarget';
import { add, addName, addText, emptied, whenChanged, type Update } from '../ui/dom';
import { addIcon, verdictIcon } from '../ui/icons';
import { addInteractions } from './interactionsView';
import { addNotebook } from './notebookView';
import { addOperators } from './operatorsView';

interface Variant {
  title: string;
  subtitle: string;
  result: FloatResult | Int8Result;
  verdict: TargetVerdict | null;
}

/** What the advice leaves in float, in few words. */
function describeAdvised({ keepFloat, blamed }: Report): string {
  const operators = blamed.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const parts = [
    ...(keepFloat.length === 0 ? [] : [formatPlural(keepFloat.length, 'layer')]),
    ...(operators === 0 ? [] : [formatPlural(operators, 'operator')]),
  ];
  return parts.length === 0 ? 'every layer in int8' : `${parts.join(', ')} in float`;
}

function variants(report: Report): Variant[] {
  const { float, int8, advised } = report;
  return [
    { title: 'Float', subtitle: '', result: float, verdict: null },
    { title: 'Int8', subtitle: 'everything', result: int8, verdict: int8.verdict },
    { title: 'Advised', subtitle: describeAdvised(report), result: advised, verdict: advised.verdict },
  ];
}

function drawScore(cell: HTMLElement, { float }: Report, { result, verdict }: Variant): void {
  add(cell, 'strong', '', formatScore(result.metric, result.score));
  const share = result.score / float.score;
  if (!Number.isFinite(share)) return;
  const meter = add(cell, 'div', 'meter');
  meter.setAttribute('aria-hidden', 'true');
  const percent = `${100 * Math.max(0, Math.min(1, share))}%`;
  select(add(meter, 'div', verdict?.kind === 'missed' ? 'meter-fill missed' : 'meter-fill')).style(
    'width',
    percent,
  );
}

function drawTarget(cell: HTMLElement, verdict: TargetVerdict): void {
  addIcon(cell, verdictIcon(verdict));
  add(cell, 'span', '', verdictWord(verdict));
  cell.title = verdict.reason;
}

/** What came of the target, for all to read. */
function drawVerdict(parent: HTMLElement, { verdict }: Report): void {
  const line = add(parent, 'p', verdict.kind === 'met' ? 'verdict muted' : 'warning');
  if (verdict.kind !== 'met') addIcon(line, verdictIcon(verdict));
  addText(line, 'span', 'clamped', `Target ${verdictWord(verdict)}. ${verdict.reason}`);
}

interface Line {
  title: string;
  hint?: string;
  draw: (cell: HTMLElement, variant: Variant) => void;
}

function lines(report: Report): Line[] {
  const { float, settings } = report;
  const { metric } = float;
  const pair = (cell: HTMLElement, value: string, comparison: string) => {
    add(cell, 'span', '', value);
    if (comparison !== '') add(cell, 'span', 'muted', comparison);
  };
  const inBrackets = (text: string) => (text === '' ? '' : `(${text})`);
  /** A line that says nothing of float itself, but for one word. */
  const ofInt8 =
    (draw: (cell: HTMLElement, result: Int8Result) => void, ofFloat = '–'): Line['draw'] =>
    (cell, { result }) =>
      'speedup' in result ? draw(cell, result) : add(cell, 'span', 'muted', ofFloat);
  const unit = dropUnit(metric);
  return [
    { title: formatMetric(metric), draw: (cell, variant) => drawScore(cell, report, variant) },
    {
      title: 'Against float, 95%',
      hint: 'The difference over the same samples; 95% of such samples would give one within the interval',
      draw: ofInt8((cell, { difference }) =>
        pair(
          cell,
          `${formatDropNumber(metric, -difference.difference)} ${unit}`.trimEnd(),
          inBrackets(formatInterval(metric, difference)),
        ),
      ),
    },
    {
      title:
        report.verdict.kind === 'not-measurable'
          ? 'Target'
          : capitalized(describeTarget(metric, settings.targetDrop)),
      draw: (cell, { verdict }) =>
        verdict === null ? add(cell, 'span', 'muted', '–') : drawTarget(cell, verdict),
    },
    {
      title: 'Size',
      draw: (cell, { result }) =>
        pair(
          cell,
          formatBytes(result.bytes),
          result === float ? '' : formatShrink(float.bytes, result.bytes),
        ),
    },
    {
      title: 'Latency',
      hint: 'Median of one sample on one thread, and the middle half of the runs',
      draw: (cell, { result }) =>
        pair(cell, formatMilliseconds(result.latencyMs), inBrackets(formatSpread(result.latencySpread))),
    },
    {
      title: 'Speed',
      hint: 'By runs side by side with float, and the middle half of them',
      draw: ofInt8((cell, { speedup }) => add(cell, 'span', '', formatSpeedup(speedup))),
    },
    {
      title: 'Nodes',
      draw: ofInt8(
        (cell, result) => pair(cell, `${result.integerNodes} integer,`, `${result.floatNodes} float`),
        'all float',
      ),
    },
    {
      title: 'Multiply-adds in float',
      hint: "Share of the layers' multiplications with additions that onnxruntime computes in float",
      draw: ofInt8((cell, { floatShare }) => add(cell, 'span', '', formatShare(floatShare)), 'all'),
    },
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
    if (subtitle === '') return;
    // What is read out needs more between two words than a margin.
    cell.append(' ');
    add(cell, 'span', 'muted', subtitle);
  });
  const body = add(table, 'tbody', '');
  lines(report).forEach(({ title, hint, draw }) => {
    const row = add(body, 'tr', '');
    const name = add(row, 'th', '', title);
    name.scope = 'row';
    if (hint !== undefined) name.title = hint;
    columns.forEach((variant) => draw(add(add(row, 'td', ''), 'div', 'pair'), variant));
  });
}

function describeSamples({
  calibrationSamples,
  choosingSamples,
  evaluationSamples,
  sharedSamples,
}: SettledSettings): string {
  const calibrate = `${formatPlural(calibrationSamples, 'sample')} to calibrate`;
  return sharedSamples
    ? `The same ${calibrate}, to choose and to evaluate, from `
    : `${calibrate}, ${choosingSamples} to choose, ${evaluationSamples} others to prove, from `;
}

function drawBasis(parent: HTMLElement, { settings, created, float }: Report): void {
  const basis = add(parent, 'p', 'basis muted');
  const say = (text: string) => add(basis, 'span', '', text);
  const calibration = settings.calibration === 'auto' ? ' (chosen by trying all)' : '';
  say(describeSamples(settings));
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
  add(table, 'caption', 'muted', 'Everything in int8, weights per channel, on the samples that choose');
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
      drawVerdict(section, report);
      drawBasis(section, report);
      drawCalibrators(section, report);
      addNotebook(section, report.notebook, report.float.metric, report.settings);
      addOperators(section, report);
      addInteractions(section, report);
      report.warnings.forEach((warning) => {
        const line = add(section, 'p', 'warning');
        addIcon(line, 'warning', 'Warning');
        addText(line, 'span', 'clamped', warning);
      });
    },
  );
}
