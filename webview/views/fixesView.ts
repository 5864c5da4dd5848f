import type { Report } from '../../engine/protocol';
import { fixCost, fixGain } from '../../engine/describeFindings';
import { add, addText } from './dom';
import { addIcon } from './icons';

/** Appends what would mend what everything in int8 lost, each thing by itself; nothing where there is nothing to mend. */
export function addFixes(parent: HTMLElement, { fixes, float: { metric } }: Report): void {
  if (fixes.length === 0) return;
  const title = add(parent, 'h3', 'fixes-title', 'What mends it, each by itself');
  title.title = 'On the samples that choose, against everything in int8';
  const list = add(parent, 'ul', 'fixes');
  for (const fix of fixes) {
    const item = add(list, 'li', '');
    const line = add(item, 'div', 'finding-title');
    if (fix.taken) addIcon(line, 'pass', 'Advised');
    addText(line, 'strong', 'clamped', fix.what);
    if (fix.isEnough) add(line, 'span', 'badge', 'enough');
    add(item, 'p', 'muted', `${fixGain(metric, fix)}; costs ${fixCost(fix)}`);
  }
}
