import { unlessCancelled } from '../../common/cancellation';
import type { SampleSource } from '../../data/samples/dataset';
import { type Model } from '../../onnx/graph/model';
import { encodeModel } from '../../onnx/file/readModel';
import type { TensorData } from '../../onnx/tensors/tensor';
import type { Session } from '../../runtime/runtimeWorker';
import type { WorkerPool } from '../../runtime/workerPool';
import { Turns } from './inOrder';
import { ownValue } from '../../shared/ownValue';

export interface SampleRun {
  onSample?: (() => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Computes quantized parts as their text says, and not as onnxruntime fuses them. */
  unfused?: boolean | undefined;
}

/**
 * Runs the samples and hands each one's outputs to `take`, in their order: what a model reduces its tensors to before
 * they leave onnxruntime. Memory is that of one sample in each worker.
 * @param take is given nothing for an output of a body that did not run
 * @throws EngineError of the first sample that fails; `cancelled`
 */
export async function runSamples(
  pool: WorkerPool,
  model: Model,
  names: readonly string[],
  samples: SampleSource,
  take: (valuesOf: (output: string) => TensorData) => void,
  { onSample, signal, unfused = false }: SampleRun = {},
): Promise<void> {
  if (names.length === 0) return;
  const bytes = encodeModel(model);
  const turns = new Turns();
  const run = async (session: Session, i: number) => {
    const { feeds, sequence } = await unlessCancelled(samples.load(i), signal);
    return (await session.run(feeds, [...names], sequence)).outputs;
  };
  await pool.forEach(
    samples.length,
    {
      prepare: (worker) => worker.load(bytes, { threads: 1, unfused }),
      work: (session, i) =>
        turns.take(run(session, i), (outputs) => {
          take((output) => ownValue(outputs, output)?.data ?? new Float32Array(0));
          onSample?.();
        }),
      finish: (session) => session.release(),
    },
    signal,
  );
}

/**
 * Folds the values of one output into as many as the list has. An output with more of them repeats them: once for each
 * step, and for each turn of a loop.
 */
export function fold(
  list: Float64Array,
  values: TensorData,
  combine: (a: number, b: number) => number,
): void {
  for (let i = 0; i < values.length; i++) {
    const at = i % list.length;
    list[at] = combine(list[at] ?? 0, Number(values[i]));
  }
}

export function add(a: number, b: number): number {
  return a + b;
}
