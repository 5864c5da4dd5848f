import { basename } from 'node:path';
import { describeScore, formatBytes, formatShrink, formatSpeedup } from '../../engine/shared/format';
import type { QuantizeResult } from '../../engine/shared/protocol/report';
import { describeVerdict } from '../../engine/shared/accuracyTarget';

/** `Wrote model.int8.onnx, within 1% of float: 98.1%, 0.2 points below float (95%: −0.4 to 0.0), 3.2 MB (3.4× smaller), …`. */
export function describeResult({ output, float, int8, verdict, settings }: QuantizeResult): string {
  const { metric } = int8;
  const facts = [
    describeScore(int8),
    `${formatBytes(int8.bytes)} (${formatShrink(float.bytes, int8.bytes)})`,
    formatSpeedup(int8.speedup),
  ];
  const said = describeVerdict(metric, settings.targetDrop, verdict);
  const which = verdict.kind === 'missed' ? `which is ${said}` : said;
  const why =
    verdict.kind === 'not-measurable' || verdict.kind === 'inconclusive' ? `. ${verdict.reason}` : '';
  return `Wrote ${basename(output)}, ${which}: ${facts.join(', ')}${why}`;
}
