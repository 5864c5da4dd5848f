import {
  formatBytes,
  formatDate,
  formatDb,
  formatMeasuredDrop,
  formatMilliseconds,
  formatPlural,
  formatShare,
  formatSpeed,
} from '../../engine/shared/format';
import type { Resource } from '../../engine/shared/protocol/choices';
import type { TradeOff } from '../../engine/shared/protocol/plan';
import { verdictWord } from '../../engine/shared/accuracyTarget';
import { gridCounts, layerDifferences } from '../state/tradeOffChoices';
import { add, addName, emptied, type Host } from '../ui/dom';
import { addIcon } from '../ui/icons';

const MOST_DIFFERENCES = 200;

export const resourceTitles: Record<Resource, string> = {
  latency: 'Latency',
  bytes: 'Size',
  bops: 'Bit operations',
};

/** How many layers are on each grid: `48 int8, 3 float`. */
export function describeGrids(plan: TradeOff, index: number): string {
  const counts = gridCounts(plan, plan.points[index]?.choices ?? {});
  return counts.map(([choice, count]) => `${count} ${choice}`).join(', ');
}

/** A network of the front in few words. */
export function shortPoint(plan: TradeOff, index: number): string {
  const point = plan.points[index];
  if (point === undefined) return '';
  const { predicted, verified } = point;
  return `${formatBytes(verified?.bytes ?? predicted.bytes)}, ${formatMeasuredDrop(plan.float.metric, verified ?? predicted)}`;
}

/** The same for screen readers, with all that the card says. */
export function describePoint(plan: TradeOff, index: number): string {
  const point = plan.points[index];
  if (point === undefined) return '';
  const { metric } = plan.float;
  const { predicted, verified } = point;
  return [
    index === plan.chosen ? 'The chosen network' : 'Network',
    `${describeGrids(plan, index)}: ${formatBytes(predicted.bytes)}`,
    formatSpeed(plan.floatUse.latency, predicted.latency),
    `predicted ${formatMeasuredDrop(metric, predicted)}`,
    verified === null ? 'not run' : `measured ${formatMeasuredDrop(metric, verified)}`,
  ].join(', ');
}

/** What one network takes and loses, predicted beside measured. */
export function drawCard(card: HTMLElement, plan: TradeOff, index: number): void {
  emptied(card);
  const point = plan.points[index];
  if (point === undefined) {
    add(card, 'p', 'muted', 'Point at a network, or move with the arrow keys.');
    return;
  }
  const { predicted, verified } = point;
  const { metric } = plan.float;
  const title = add(card, 'p', 'trade-title');
  add(title, 'strong', '', describeGrids(plan, index));
  if (index === plan.chosen) add(title, 'span', 'badge', 'chosen');
  const table = add(card, 'table', 'trade-figures');
  const head = add(add(table, 'thead', ''), 'tr', '');
  add(head, 'td', '');
  for (const name of ['Predicted', 'Measured']) add(head, 'th', '', name).scope = 'col';
  const body = add(table, 'tbody', '');
  const row = (name: string, foretold: string, measured: string) => {
    const line = add(body, 'tr', '');
    add(line, 'th', '', name).scope = 'row';
    add(line, 'td', '', foretold);
    add(line, 'td', measured === '' ? 'muted' : '', measured === '' ? '–' : measured);
  };
  row(
    'Score',
    formatMeasuredDrop(metric, predicted),
    verified === null ? 'not run' : formatMeasuredDrop(metric, verified),
  );
  row('Size', formatBytes(predicted.bytes), verified === null ? '' : formatBytes(verified.bytes));
  const speed = formatSpeed(plan.floatUse.latency, predicted.latency);
  const timed = index === plan.chosen ? formatSpeed(plan.result.speedup.median, 1) : '';
  row('Latency', `${formatMilliseconds(predicted.latency)}, ${speed}`, timed);
  row('Bit operations', `${formatShare(predicted.bops / plan.floatUse.bops)} of float`, '');
  row('At the outputs', formatDb(predicted.outputDb), verified === null ? '' : formatDb(verified.outputDb));
}

/** Which layers two networks have on different grids. */
export function drawComparison(
  parent: HTMLElement,
  plan: TradeOff,
  pair: readonly [number, number] | null,
  host: Host,
): void {
  emptied(parent);
  if (pair === null) return;
  const [a, b] = pair;
  const differences = layerDifferences(plan, plan.points[a]?.choices ?? {}, plan.points[b]?.choices ?? {});
  add(
    parent,
    'h3',
    '',
    `${formatPlural(differences.length, 'layer')} ${differences.length === 1 ? 'differs' : 'differ'} between A and B`,
  );
  const frame = add(parent, 'div', 'trade-differences');
  const table = add(frame, 'table', 'trade-figures');
  const head = add(add(table, 'thead', ''), 'tr', '');
  add(head, 'th', '', 'Layer').scope = 'col';
  [a, b].forEach((index, i) => {
    const cell = add(head, 'th', '');
    cell.scope = 'col';
    add(cell, 'strong', '', i === 0 ? 'A ' : 'B ');
    add(cell, 'span', 'muted', shortPoint(plan, index));
  });
  const body = add(table, 'tbody', '');
  for (const layer of differences.slice(0, MOST_DIFFERENCES)) {
    const row = add(body, 'tr', '');
    const name = add(row, 'th', '');
    name.scope = 'row';
    const link = addName(name, 'button', 'link', layer.name);
    link.type = 'button';
    link.addEventListener('click', () => host.dispatch({ type: 'select', layer: layer.name }));
    add(row, 'td', '', layer.a);
    add(row, 'td', '', layer.b);
  }
  const more = differences.length - MOST_DIFFERENCES;
  if (more > 0) add(parent, 'p', 'muted', `and ${formatPlural(more, 'layer')} more`);
}

/** What the plan chose and proved, and what it could not keep. */
export function drawSummary(parent: HTMLElement, plan: TradeOff, words: string): void {
  emptied(parent);
  const line = add(parent, 'p', 'trade-summary');
  addIcon(line, plan.meetsTarget ? 'pass' : 'warning', `Target ${verdictWord(plan.verdict)}`);
  const said = add(line, 'span', '', words);
  if (plan.created !== undefined) {
    const planned = add(said, 'span', 'muted', ' Planned ');
    add(planned, 'span', 'trade-date', `${formatDate(plan.created)}.`);
  }
  for (const warning of plan.warnings) {
    const caution = add(parent, 'p', 'warning');
    addIcon(caution, 'warning', 'Warning');
    const text = add(caution, 'span', 'clamped', warning);
    text.dir = 'auto';
    text.title = warning.slice(0, 500);
  }
}
