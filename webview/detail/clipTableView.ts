import { ascending } from 'd3-array';
import { select } from 'd3-selection';
import type { LayerInput } from '../../engine/shared/protocol/report';
import type { SettledSettings } from '../../engine/shared/protocol/settings';
import { shareBeyond } from '../chart/rebin';
import { stepFormula, stepSize } from '../chart/stepSize';
import { formatMethod, formatShare, formatValue, shorten } from '../../engine/shared/format';
import { add } from '../ui/dom';
import { ownValue } from '../../engine/shared/ownValue';

/**
 * Appends the clips of a tensor, narrowest first. Pointing at one marks its lines in the histogram.
 * @param method the one in use
 */
export function addClipTable(
  parent: HTMLElement,
  input: LayerInput,
  method: string,
  settings: SettledSettings,
): void {
  const table = add(parent, 'table', 'clip-table');
  add(table, 'caption', 'for-readers', `Clips of ${shorten(input.tensor, 200)}`);
  const head = add(add(table, 'thead', ''), 'tr', '');
  const hints: Record<string, string> = {
    Clipped: 'Share of the values that the clip cuts off',
    Step: `Width of one integer step: ${stepFormula(settings.profile)}`,
  };
  ['Method', 'Clip', 'Clipped', 'Step'].forEach((title) => {
    const cell = add(head, 'th', '', title);
    cell.scope = 'col';
    cell.title = ownValue(hints, title) ?? '';
  });
  const body = add(table, 'tbody', '');
  const clips = Object.entries(input.clips).sort(([, a], [, b]) => ascending(a, b));
  for (const [name, clip] of clips) {
    const used = name === method;
    const row = add(body, 'tr', used ? 'used' : '');
    row.dataset['method'] = name;
    const title = add(row, 'th', '', formatMethod(name));
    title.scope = 'row';
    if (used) add(title, 'span', 'badge', 'used');
    add(row, 'td', '', `±${formatValue(clip)}`);
    add(row, 'td', '', formatShare(shareBeyond(input, clip)));
    add(row, 'td', '', formatValue(stepSize(input, clip, settings.profile)));
    const mark = (on: boolean) =>
      select(parent.closest('.input-part') ?? parent)
        .selectAll<SVGGElement, { method: string }>('.clip-line')
        .classed('pointed', (line) => on && line.method === name);
    row.addEventListener('pointerenter', () => mark(true));
    row.addEventListener('pointerleave', () => mark(false));
  }
}
