import { basename } from 'node:path';
import { formatBytes, formatScore, formatSpeed } from '../engine/format';
import type { QuantizeResult } from '../engine/protocol';
import { describeTarget } from '../engine/target';

/** `Wrote model.int8.onnx: 98.1% (float 98.3%), 3.2 MB (10.8 MB), 1.4× faster`. */
export function describeResult({ output, float, int8, meetsTarget, settings }: QuantizeResult): string {
  const score = `${formatScore(int8.metric, int8.score)} (float ${formatScore(float.metric, float.score)})`;
  const size = `${formatBytes(int8.bytes)} (${formatBytes(float.bytes)})`;
  const speed = formatSpeed(float.latencyMs, int8.latencyMs);
  const miss = meetsTarget ? '' : `. It is not ${describeTarget(int8.metric, settings.targetDrop)}`;
  return `Wrote ${basename(output)}: ${score}, ${size}, ${speed}${miss}`;
}
