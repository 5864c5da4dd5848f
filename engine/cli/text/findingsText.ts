import { formatDb, formatMeasuredDrop, formatPlural, formatScore, shorten } from '../../shared/format';
import type { Report } from '../../shared/protocol/report';
import { textTable } from './textTable';

const NAME_WIDTH = 40;
const MOST = 5;

/** The operators between the layers whose rounding shows most at the outputs, as a table; empty where there are none. */
export function operatorsText({ operators, float: { metric } }: Report): string {
  const shown = operators.slice(0, MOST);
  if (shown.length === 0) return '';
  const hasWithout = shown.some(({ without }) => without !== null);
  const rows = shown.map((o) => [
    shorten(o.name, NAME_WIDTH),
    o.block === null ? o.opType : `${o.opType} of ${o.block}`,
    formatDb(o.sqnrDb),
    formatDb(o.outputDb),
    formatMeasuredDrop(metric, o),
    ...(hasWithout ? [o.without === null ? '' : formatScore(metric, o.without.score)] : []),
  ]);
  const head = ['Operator', 'Type', 'SQNR', 'At outputs', 'Change', ...(hasWithout ? ['Left out'] : [])];
  return [
    `Noisiest of ${formatPlural(operators.length, 'operator')} tried between the layers (each result alone rounded):`,
    textTable([head, ...rows], 2),
  ].join('\n');
}
