import type { AnalysisPart } from '../../sharding/shardFile';
import { baseName, formatPlural } from '../../shared/format';
import type { JoinedParts } from '../../sharding/mergeShards';

/** What one part of an analysis that several machines share measured. */
export function partText({ shard, measurements }: AnalysisPart, file: string): string {
  const words = { alone: 'layers alone in int8', without: 'everything in int8 but one layer' };
  const lines = measurements.map(({ kind, layers }) => {
    const ratings = layers.reduce((sum, { values }) => sum + values.length, 0);
    return `  ${words[kind]}: ${formatPlural(layers.length, 'layer')}, ${formatPlural(ratings, 'run')}`;
  });
  return [`${baseName(file)}: part ${shard.index} of ${shard.count}.`, ...lines].join('\n');
}

/** What to know of parts that processors of several kinds measured. */
export function processorsNote({ processors }: Pick<JoinedParts, 'processors'>): string {
  if (processors.length < 2) return '';
  return `Note: the parts were measured on ${processors.join(' and ')}. Last digits may differ from those of one of them.`;
}
