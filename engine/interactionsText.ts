import {
  dropUnit,
  formatChange,
  formatDropNumber,
  formatMeasuredDrop,
  formatPlural,
  shorten,
} from './format';
import type { LayerPair, Report } from './protocol';
import { textTable } from './textTable';

const NAME_WIDTH = 36;

/** Whether the layers' drops add up, and the pairs that do not; empty where they do. */
export function interactionsText({
  interactions,
  float: { metric },
}: Pick<Report, 'interactions' | 'float'>): string {
  if (interactions === null) return '';
  const { jointDrop, sumOfDrops, standardError, samples, pairs } = interactions;
  const unit = dropUnit(metric);
  const words = (drop: number) => `${formatDropNumber(metric, drop)}${unit === '' ? '' : ` ${unit}`}`;
  const off = formatMeasuredDrop(metric, { drop: jointDrop - sumOfDrops, standardError });
  const sentence =
    `The layers do not add up: on ${formatPlural(samples, 'sample')} each alone changes the score by ${words(sumOfDrops)} in sum, ` +
    `all together by ${words(jointDrop)} (${off} apart).`;
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
