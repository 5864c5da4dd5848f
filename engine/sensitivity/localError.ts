import type { SampleSource } from '../feeds/dataset';
import type { Layer } from '../onnx/layers';
import type { Model } from '../onnx/model';
import type { QuantPlan } from '../quantize/plan';
import type { WorkerPool } from '../runtime/workerPool';
import { decibels } from '../stats/sqnr';
import { add, fold, runSamples, type SampleRun } from './runSamples';
import type { NodeAdder } from './nodeAdder';
import { withTwins, type Twin } from './withTwins';

/**
 * Signal to quantization noise of each layer's own output in dB, its inputs exact, over the samples.
 * A remedy that changes weights or biases on purpose is measured against the model from before it.
 * Takes about two float passes; what leaves onnxruntime is Σ y² and Σ (ŷ − y)² of each layer.
 * @param remedied where the int8 layers come from: the same layers after such a remedy
 */
export async function localSqnr(
  pool: WorkerPool,
  original: Model,
  layers: readonly Layer[],
  plan: QuantPlan,
  samples: SampleSource,
  run: SampleRun = {},
  remedied = original,
): Promise<Map<string, number>> {
  const compare = ({ output }: Twin, { node }: NodeAdder) => ({
    signal: node('ReduceSumSquare', [output.float], { keepdims: 0 }),
    noise: node('ReduceSumSquare', [node('Sub', [output.int8, output.float])], { keepdims: 0 }),
  });
  const { model, outputs } = withTwins(original, layers, plan, compare, remedied);
  const sums = new Map(
    [...outputs.values()].flatMap((o) => [o.signal, o.noise]).map((name) => [name, new Float64Array(1)]),
  );
  await runSamples(
    pool,
    model,
    [...sums.keys()],
    samples,
    (valuesOf) => {
      for (const [name, sum] of sums) fold(sum, valuesOf(name), add);
    },
    run,
  );
  const total = (name: string) => sums.get(name)?.[0] ?? 0;
  return new Map([...outputs].map(([layer, o]) => [layer, decibels(total(o.signal), total(o.noise))]));
}
