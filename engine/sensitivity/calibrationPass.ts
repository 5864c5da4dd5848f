import type { SampleSource } from '../feeds/dataset';
import { encodeWithTaps } from '../onnx/tapModel';
import type { Model } from '../onnx/model';
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
  const tapped = encodeWithTaps(model, tensors);
  const merged = new Map<string, Histogram>();
  await pool.forEach(
    samples.length,
    {
      prepare: (worker) => worker.load(tapped, { threads: 1 }),
      work: async (session, i) => {
        const { feeds } = await samples.load(i);
        await session.observe(feeds, [...tensors]);
        onSample();
      },
      finish: async (session) => {
        const counted = await session.histograms();
        await session.release();
        for (const [name, state] of Object.entries(counted)) {
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
