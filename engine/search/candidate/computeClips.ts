import type { CalibrationMethod, ProfileName } from '../../shared/protocol/choices';
import { profiles } from '../../quantize/targets/profiles';
import type { RuntimeWorker } from '../../runtime/runtimeWorker';
import type { WorkerPool } from '../../runtime/workerPool';
import type { HistogramState } from '../../stats/histogram';

/** Small enough that all workers end at about the same time and that cancelling is quick. */
const TENSORS_AT_ONCE = 4;

/**
 * Clip on |x| of each tensor by each method, on the grid of the profile's activations. The workers share the tensors,
 * so that the thread that called stays free.
 * @throws EngineError `cancelled`
 */
export async function clipsBy(
  pool: WorkerPool,
  methods: readonly CalibrationMethod[],
  profile: ProfileName,
  histograms: Record<string, HistogramState>,
  signal?: AbortSignal,
): Promise<Map<CalibrationMethod, Map<string, number>>> {
  const { symmetric } = profiles[profile].activation;
  const names = Object.keys(histograms);
  const clips = new Map<string, number[]>();
  await pool.forEach(
    Math.ceil(names.length / TENSORS_AT_ONCE),
    {
      prepare: (worker) => Promise.resolve(worker),
      work: async (worker: RuntimeWorker, i) => {
        const some = names.slice(i * TENSORS_AT_ONCE, (i + 1) * TENSORS_AT_ONCE);
        const own = Object.fromEntries(Object.entries(histograms).filter(([name]) => some.includes(name)));
        const found = await worker.call('clips', { methods, symmetric, histograms: own });
        for (const [name, values] of Object.entries(found)) clips.set(name, values);
      },
      finish: () => Promise.resolve(),
    },
    signal,
  );
  return new Map(
    methods.map((method, i) => [method, new Map(names.map((name) => [name, clips.get(name)?.[i] ?? 0]))]),
  );
}
