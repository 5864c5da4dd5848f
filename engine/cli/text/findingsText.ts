import { describeInteractions, fixCost, fixGain } from '../../shared/findings';
import {
  dropUnit,
  formatChange,
  formatDb,
  formatDropNumber,
  formatMeasuredDrop,
  formatPlural,
  formatScore,
  shorten,
} from '../../shared/format';
import type { LayerPair, Report } from '../../shared/protocol/report';
import { textTable } from './textTable';

const NAME_WIDTH = 40;

const MOST_OPERATORS = 5;

/** The operators between the layers whose rounding shows most at the outputs, as a table; empty where there are none. */
export function operatorsText({ operators, float: { metric } }: Report): string {
  const shown = operators.slice(0, MOST_OPERATORS);
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

const WHAT_WIDTH = 60;

const MOST_FIXES = 6;

/** What would mend what everything in int8 lost, as a table; empty where there is nothing to mend. */
export function fixesText({ fixes, float: { metric } }: Report): string {
  if (fixes.length === 0) return '';
  const rows = fixes
    .slice(0, MOST_FIXES)
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

const PAIR_NAME_WIDTH = 36;

/** Whether the layers' drops add up, and the pairs that do not; empty where they do. */
export function interactionsText({
  interactions,
  float: { metric },
}: Pick<Report, 'interactions' | 'float'>): string {
  if (interactions === null) return '';
  const { pairs } = interactions;
  const unit = dropUnit(metric);
  const sentence = describeInteractions(metric, interactions);
  const beyond = pairs.filter((pair) => pair.isBeyondNoise);
  if (beyond.length === 0)
    return `${sentence} No pair of the layers that cost most does so beyond noise (${formatPlural(pairs.length, 'pair')} tried).`;
  const row = ({ layers: [a, b], drop, sum, standardError: error }: LayerPair) => [
    shorten(a, PAIR_NAME_WIDTH),
    shorten(b, PAIR_NAME_WIDTH),
    formatDropNumber(metric, drop),
    formatDropNumber(metric, sum),
    formatChange(metric, { difference: sum - drop, standardError: error }),
  ];
  const head = ['Layer', 'Layer', 'Together', 'Sum', unit === '' ? 'Difference' : `Difference, ${unit}`];
  return [sentence, textTable([head, ...beyond.map(row)], 2)].join('\n');
}
