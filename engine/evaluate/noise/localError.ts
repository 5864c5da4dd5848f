import type { SampleSource } from '../../data/samples/dataset';
import type { Layer } from '../../onnx/layers/layers';
import type { Model } from '../../onnx/graph/model';
import type { QuantPlan } from '../../quantize/plan';
import type { WorkerPool } from '../../runtime/workerPool';
import { errorFigures, type ErrorFigures } from '../../stats/errorFigures';
import { add, fold, runSamples, type SampleRun } from './runSamples';
import type { NodeAdder } from './nodeAdder';
import { withTwins, type Twin } from './floatInt8Pairs';

/**
 * How far each layer's own output is off, its inputs exact, over the samples.
 * A remedy that changes weights or biases on purpose is measured against the model from before it.
 * Takes about two float passes; what leaves onnxruntime is Σ y², Σ (ŷ − y)² and Σ y·(ŷ − y) of each layer.
 * @param remedied where the int8 layers come from: the same layers after such a remedy
 */
export async function localErrors(
  pool: WorkerPool,
  original: Model,
  layers: readonly Layer[],
  plan: QuantPlan,
  samples: SampleSource,
  run: SampleRun = {},
  remedied = original,
): Promise<Map<string, ErrorFigures>> {
  const compare = ({ output }: Twin, { node }: NodeAdder) => {
    const error = node('Sub', [output.int8, output.float]);
    return {
      signal: node('ReduceSumSquare', [output.float], { keepdims: 0 }),
      noise: node('ReduceSumSquare', [error], { keepdims: 0 }),
      // Of the error: a second reader of the int8 output would change what onnxruntime fuses.
      cross: node('ReduceSum', [node('Mul', [output.float, error])], { keepdims: 0 }),
    };
  };
  const { model, outputs } = withTwins(original, layers, plan, compare, remedied);
  const sums = new Map(
    [...outputs.values()]
      .flatMap((o) => [o.signal, o.noise, o.cross])
      .map((name) => [name, new Float64Array(1)]),
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
  return new Map(
    [...outputs].map(([layer, o]) => {
      const [signal, noise] = [total(o.signal), total(o.noise)];
      return [layer, errorFigures(signal, noise, Math.max(0, signal + 2 * total(o.cross) + noise))];
    }),
  );
}

/** Signal to quantization noise of {@link localErrors} alone, in dB. */
export async function localSqnr(...measured: Parameters<typeof localErrors>): Promise<Map<string, number>> {
  return new Map([...(await localErrors(...measured))].map(([layer, { sqnrDb }]) => [layer, sqnrDb]));
}
