import { fixCost, fixGain } from '../../shared/findings';
import { shorten } from '../../shared/format';
import type { Report } from '../../shared/protocol/report';
import { textTable } from './textTable';

const WHAT_WIDTH = 60;
const MOST = 6;

/** What would mend what everything in int8 lost, as a table; empty where there is nothing to mend. */
export function fixesText({ fixes, float: { metric } }: Report): string {
  if (fixes.length === 0) return '';
  const rows = fixes
    .slice(0, MOST)
    .map((fix) => [
      fix.taken ? '*' : '',
      shorten(fix.what, WHAT_WIDTH),
      fixGain(metric, fix),
      fixCost(fix),
      fix.isEnough ? 'enough' : '',
    ]);
  return [
    'What mends it, each by itself, on the samples that choose; * is advised:',
    textTable([['', 'What', 'Score', 'Costs', ''], ...rows], 5),
  ].join('\n');
}
