import { basename } from 'node:path';
import type { MetricName, QuantizeResult } from '../engine/protocol';

/** A score as people read it: `98.3%`, `0.9991`, `31.2 dB`. */
export function describeScore(metric: MetricName, score: number): string {
  if (metric === 'sqnr') return `${score.toFixed(1)} dB`;
  return metric === 'cosine' ? score.toFixed(4) : `${(score * 100).toFixed(1)}%`;
}

/** `10.8 MB`, in decimal units. */
export function describeBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_950 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `1.4× faster`, and as plainly when it is slower. */
export function describeSpeed(floatMs: number, int8Ms: number): string {
  const ratio = floatMs / int8Ms;
  if (!Number.isFinite(ratio) || ratio <= 0) return 'speed unknown';
  if (Math.abs(ratio - 1) < 0.05) return 'as fast as float';
  return ratio > 1 ? `${ratio.toFixed(1)}× faster` : `${(1 / ratio).toFixed(1)}× slower than float`;
}

/** `Wrote model.int8.onnx: 98.1% (float 98.3%), 3.2 MB (10.8 MB), 1.4× faster`. */
export function describeResult({ output, float, int8, meetsTarget, settings }: QuantizeResult): string {
  const score = `${describeScore(int8.metric, int8.score)} (float ${describeScore(float.metric, float.score)})`;
  const size = `${describeBytes(int8.bytes)} (${describeBytes(float.bytes)})`;
  const speed = describeSpeed(float.latencyMs, int8.latencyMs);
  const miss = meetsTarget ? '' : `. The drop is above the target of ${settings.targetDrop * 100}%`;
  return `Wrote ${basename(output)}: ${score}, ${size}, ${speed}${miss}`;
}
