import { basename } from 'node:path';
import { describeDifference, formatBytes, formatScore, formatShrink, formatSpeedup } from '../engine/format';
import type { QuantizeResult } from '../engine/protocol';
import { describeTarget } from '../engine/target';

/** `Wrote model.int8.onnx, within 1% of float: 98.1%, 0.2 points below float (95%: −0.4 to 0.0), 3.2 MB (3.4× smaller), …`. */
export function describeResult({ output, float, int8, meetsTarget, settings }: QuantizeResult): string {
  const { metric } = int8;
  const goal = describeTarget(metric, settings.targetDrop);
  const facts = [
    formatScore(metric, int8.score),
    describeDifference(metric, int8.difference),
    `${formatBytes(int8.bytes)} (${formatShrink(float.bytes, int8.bytes)})`,
    formatSpeedup(int8.speedup),
  ];
  return `Wrote ${basename(output)}, ${meetsTarget ? goal : `which is not ${goal}`}: ${facts.join(', ')}`;
}
