import { describeInteractions } from '../../shared/findings';
import { dropUnit, formatChange, formatDropNumber, formatPlural, shorten } from '../../shared/format';
import type { LayerPair, Report } from '../../shared/protocol/report';
import { textTable } from './textTable';

const NAME_WIDTH = 36;

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
    shorten(a, NAME_WIDTH),
    shorten(b, NAME_WIDTH),
    formatDropNumber(metric, drop),
    formatDropNumber(metric, sum),
    formatChange(metric, { difference: sum - drop, standardError: error }),
  ];
  const head = ['Layer', 'Layer', 'Together', 'Sum', unit === '' ? 'Difference' : `Difference, ${unit}`];
  return [sentence, textTable([head, ...beyond.map(row)], 2)].join('\n');
}
