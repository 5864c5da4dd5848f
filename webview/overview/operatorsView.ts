import type { OperatorReport, Report } from '../../engine/shared/protocol/report';
import {
  dropUnit,
  formatChange,
  formatDb,
  formatPlural,
  formatScore,
  isNoise,
} from '../../engine/shared/format';
import { add, addName, addText } from '../ui/dom';
import { addIcon } from '../ui/icons';

/** What lies further down makes less noise than all of these. */
const MOST = 40;

function addRow(body: HTMLElement, operator: OperatorReport, { float: { metric } }: Report): void {
  const row = add(body, 'tr', '');
  const title = add(row, 'th', 'tried');
  title.scope = 'row';
  const line = add(title, 'div', '');
  const slot = add(line, 'span', 'slot');
  if (operator.decision === 'float') addIcon(slot, 'advice', 'Stays in float');
  addName(line, 'span', '', operator.name);
  addText(
    row,
    'td',
    'text',
    operator.block === null ? operator.opType : `${operator.opType} of ${operator.block}`,
  );
  add(row, 'td', '', formatDb(operator.sqnrDb));
  add(row, 'td', '', formatDb(operator.outputDb));
  const cell = add(
    row,
    'td',
    isNoise(operator) ? 'muted' : '',
    formatChange(metric, { difference: -operator.drop, standardError: operator.standardError }),
  );
  cell.title = isNoise(operator) ? 'Within noise' : '';
  add(row, 'td', '', String(operator.samples));
  add(row, 'td', '', operator.without === null ? '–' : formatScore(metric, operator.without.score));
}

/** Appends what stands between the layers, the noisiest at the outputs first, behind a heading that opens it. */
export function addOperators(parent: HTMLElement, report: Report): void {
  const { operators } = report;
  const [first] = operators;
  if (first === undefined) return;
  const details = add(parent, 'details', 'operators');
  const count = formatPlural(operators.length, 'operator');
  const noisiest = `the noisiest leaves ${formatDb(first.outputDb)} at the outputs`;
  add(details, 'summary', '', `Between the layers, ${count}: ${noisiest}`);
  const frame = add(details, 'div', 'notebook-frame');
  // Without a stop for the keyboard, what overflows could not be reached by it.
  frame.tabIndex = 0;
  frame.setAttribute('role', 'group');
  frame.setAttribute('aria-label', 'Operators between the layers');
  const table = add(frame, 'table', 'clip-table');
  const more = operators.length > MOST ? ` The ${MOST} noisiest of ${operators.length}.` : '';
  add(table, 'caption', 'muted', `Each result alone rounded to int8, all else in float.${more}`);
  const unit = dropUnit(report.float.metric);
  const head = add(add(table, 'thead', ''), 'tr', '');
  for (const [name, hint] of [
    ['Operator', ''],
    ['Type', 'With the function that it is a part of'],
    ['SQNR', 'Signal to the noise that its grid adds'],
    ['At outputs', 'Signal to noise of the outputs'],
    [unit === '' ? 'Against float' : `Against float, ${unit}`, 'With the standard error of the difference'],
    ['Samples', 'The noisiest are tried on all'],
    ['Left out', 'The score with everything else in int8, where what stands between the layers is to blame'],
  ] as const) {
    const cell = add(head, 'th', name === 'Type' ? 'text' : '', name);
    cell.scope = 'col';
    cell.title = hint;
  }
  const body = add(table, 'tbody', '');
  for (const operator of operators.slice(0, MOST)) addRow(body, operator, report);
}
