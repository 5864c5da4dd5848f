import type { Report } from '../../engine/shared/protocol/report';
import { describeInteractions } from '../../engine/shared/findings';
import { dropUnit, formatChange, formatDropNumber, formatPlural } from '../../engine/shared/format';
import { add, addName } from '../ui/dom';

/** Appends that the layers' drops do not add up, and pairs of those that cost most; nothing where they do. */
export function addInteractions(parent: HTMLElement, { interactions, float: { metric } }: Report): void {
  if (interactions === null) return;
  const { pairs } = interactions;
  const beyond = pairs.filter((pair) => pair.isBeyondNoise).length;
  const details = add(parent, 'details', 'interactions');
  const count = `${beyond} of ${formatPlural(pairs.length, 'pair')} beyond noise`;
  add(details, 'summary', '', `The layers do not add up: ${count}`);
  const frame = add(details, 'div', 'notebook-frame');
  // Without a stop for the keyboard, what overflows could not be reached by it.
  frame.tabIndex = 0;
  frame.setAttribute('role', 'group');
  frame.setAttribute('aria-label', 'Pairs of layers');
  add(frame, 'p', 'muted', describeInteractions(metric, interactions));
  if (pairs.length === 0) return;
  const table = add(frame, 'table', 'clip-table');
  const head = add(add(table, 'thead', ''), 'tr', '');
  const unit = dropUnit(metric);
  const difference = unit === '' ? 'Difference' : `Difference, ${unit}`;
  for (const [name, kind] of [
    ['Layer', ''],
    ['Layer', 'text'],
    ['Together', ''],
    ['Sum of both', ''],
    [difference, ''],
  ] as const)
    add(head, 'th', kind, name).scope = 'col';
  const body = add(table, 'tbody', '');
  for (const { layers, drop, sum, standardError, isBeyondNoise } of pairs) {
    const row = add(body, 'tr', isBeyondNoise ? 'used' : '');
    const [first, second] = layers;
    addName(row, 'th', '', first).scope = 'row';
    addName(row, 'td', 'text', second);
    add(row, 'td', '', formatDropNumber(metric, drop));
    add(row, 'td', '', formatDropNumber(metric, sum));
    const cell = add(row, 'td', '', formatChange(metric, { difference: sum - drop, standardError }));
    cell.title = isBeyondNoise ? 'Beyond noise' : 'Within noise';
  }
}
