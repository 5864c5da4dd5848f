import type { SampleSource } from '../feeds/dataset';
import { exposeTensors } from '../onnx/exposeTensors';
import { encodeModel, type Model } from '../onnx/model';
import type { WorkerPool } from '../runtime/workerPool';
import { Histogram, type HistogramState } from '../stats/histogram';

/**
 * Runs the samples through the float model and counts the values of `tensors`, one sample at a time;
 * the tensors themselves never leave the worker that made them.
 */
export async function observeTensors(
  pool: WorkerPool,
  model: Model,
  tensors: ReadonlySet<string>,
  samples: SampleSource,
  onSample: () => void,
  signal?: AbortSignal,
): Promise<Record<string, HistogramState>> {
  const exposed = exposeTensors(model, tensors);
  const tapped = encodeModel(exposed.model);
  // By the names they leave under; inputs of the model are counted as they are fed.
  const tensorOf = new Map([...tensors].map((t) => [exposed.outputs.get(t) ?? t, t]));
  const merged = new Map<string, Histogram>();
  await pool.forEach(
    samples.length,
    {
      prepare: (worker) => worker.load(tapped, { threads: 1 }),
      work: async (session, i) => {
        const { feeds } = await samples.load(i);
        await session.observe(feeds, [...tensorOf.keys()], i);
        onSample();
      },
      finish: async (session) => {
        const counted = await session.histograms();
        await session.release();
        for (const [output, state] of Object.entries(counted)) {
          const name = tensorOf.get(output) ?? output;
          const known = merged.get(name);
          if (known === undefined) merged.set(name, Histogram.from(state));
          else known.merge(state);
        }
      },
    },
    signal,
  );
  return Object.fromEntries([...merged].map(([name, histogram]) => [name, histogram.state()]));
}
