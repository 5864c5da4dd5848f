import { basename } from 'node:path';
import { formatBytes } from '../../engine/shared/format';
import type { ModelSummary } from '../../engine/shared/protocol/model';
import type { Progress } from '../../engine/shared/protocol/error';

/**
 * What the engine was at, for a person whose engine ended: `rec.onnx (10.8 MB, largest tensor p2o.Conv.3 with 3.2 MB),
 * Measuring each layer`.
 */
export function describeWork(path: string, summary: ModelSummary | null, progress: Progress | null): string {
  const largest = summary === null ? null : largestTensor(summary);
  const facts = [
    ...(summary === null ? [] : [formatBytes(summary.bytes)]),
    ...(largest === null ? [] : [`largest tensor ${largest.name} with ${formatBytes(largest.bytes)}`]),
  ];
  const model = `${basename(path)}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
  return progress === null ? model : `${model}, ${progress.title}`;
}

/** Of the weights, and of those results between the layers whose size is known. */
function largestTensor({ layers }: ModelSummary): { name: string; bytes: number } | null {
  const tensors = layers.flatMap(({ weight, weightBytes, output, outputShape }) => [
    ...(weight === null ? [] : [{ name: weight, bytes: weightBytes }]),
    // What runs between the layers runs in float32.
    { name: output, bytes: 4 * (sizeOf(outputShape) ?? 0) },
  ]);
  return tensors.reduce<{ name: string; bytes: number } | null>(
    (most, one) => (most === null || one.bytes > most.bytes ? one : most),
    null,
  );
}

/** How many values it holds; `null` while a dimension is open. */
function sizeOf(shape: readonly (number | string)[] | null): number | null {
  if (shape === null) return null;
  let count = 1;
  for (const size of shape) {
    if (typeof size !== 'number') return null;
    count *= size;
  }
  return count;
}
