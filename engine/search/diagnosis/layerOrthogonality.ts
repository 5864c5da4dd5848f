import { throwIfCancelled, unlessCancelled } from '../../common/cancellation';
import type { SampleSource } from '../../data/samples/dataset';
import { exposeTensors } from '../../onnx/graph/addGraphOutputs';
import type { Layer } from '../../onnx/layers/layers';
import { type Model } from '../../onnx/graph/model';
import { encodeModel } from '../../onnx/file/readModel';
import type { Tensor } from '../../onnx/tensors/tensor';
import type { WorkerPool } from '../../runtime/workerPool';
import { alikenessToOthers, centredGram } from '../../stats/orthogonality';
import { sketch } from '../../stats/sketch';
import type { SampleRun } from '../../evaluate/noise/runSamples';
import { ownValue } from '../../shared/ownValue';

/** Features kept of each layer and sample: scalar products are off by about 3% of the norms. 16 kB. */
const FEATURES = 2048;
/** Bytes of features of all layers: with very many layers fewer are kept of each. */
const MOST_BYTES = 2 ** 28;

/** What is kept of a layer's output for one sample. */
interface Kept {
  dims: string;
  features: Float64Array;
  /** The mean of each channel, which samples of any width have. */
  means: Float64Array;
}

/** Samples that settle it: the metric compares matrices of samples by samples. */
export const ORTHOGONALITY_SAMPLES = 32;

/**
 * How alike the outputs of each layer are to those of all others over samples (γ of OMPQ, arXiv 2109.07865), by name: one float pass.
 * It looks at no rounding at all. Of outputs longer than {@link FEATURES} a sketch is kept that keeps scalar products, so
 * that memory does not grow with them; where a layer's outputs differ in size from sample to sample, the means of its channels
 * stand for them. Of samples with a state the first step counts. Layers that a sample did not reach, or whose size differs where
 * no channels are known (in bodies), are left out.
 * @throws EngineError of the first sample that fails; `cancelled`
 */
export async function layerAlikeness(
  pool: WorkerPool,
  model: Model,
  layers: readonly Layer[],
  samples: SampleSource,
  { onSample, signal }: SampleRun = {},
): Promise<Map<string, number>> {
  const exposed = exposeTensors(
    model,
    layers.map((l) => l.output),
  );
  const names = [...new Set(exposed.outputs.values())];
  const bytes = encodeModel(exposed.model);
  const room = Math.floor(MOST_BYTES / (8 * Math.max(1, samples.length * layers.length)));
  const size = 2 ** Math.floor(Math.log2(Math.max(16, Math.min(FEATURES, room))));
  const kept = layers.map((): (Kept | undefined)[] => []);
  await pool.forEach(
    samples.length,
    {
      prepare: (worker) => worker.load(bytes, { threads: 1 }),
      work: async (session, i) => {
        throwIfCancelled(signal);
        const { feeds } = await unlessCancelled(samples.load(i), signal);
        const { outputs } = await session.run(feeds, names);
        for (const [k, layer] of layers.entries()) {
          const tensor = ownValue(outputs, exposed.outputs.get(layer.output) ?? '');
          const own = kept[k];
          if (tensor !== undefined && tensor.data.length > 0 && own !== undefined)
            own[i] = keep(tensor, layer, size);
        }
        onSample?.();
      },
      finish: (session) => session.release(),
    },
    signal,
  );
  const grams = layers.flatMap(({ name }, k) => {
    const features = featuresOf(kept[k] ?? [], samples.length);
    return features === null ? [] : [[name, centredGram(features)] as const];
  });
  const sums = alikenessToOthers(grams.map(([, gram]) => gram));
  return new Map(grams.map(([name], i) => [name, sums[i] ?? 0]));
}

function keep({ dims, data }: Tensor, { opType }: Layer, size: number): Kept {
  const values = data instanceof Float32Array ? data : Float64Array.from(data, Number);
  const axis = opType === 'Conv' || opType === 'ConvTranspose' ? 1 : dims.length - 1;
  return { dims: dims.join(), features: sketch(values, size), means: channelMeans(dims, values, axis) };
}

function channelMeans(
  dims: readonly number[],
  values: Float32Array | Float64Array,
  axis: number,
): Float64Array {
  // What leaves a body is a flat list, of which no channels are known.
  const count = dims.length < 2 ? 0 : (dims[axis] ?? 0);
  const means = new Float64Array(count);
  const inner = dims.slice(axis + 1).reduce((n, d) => n * d, 1);
  for (let start = 0, channel = 0; count > 0 && start < values.length; start += inner) {
    let sum = 0;
    for (let i = start; i < start + inner; i++) sum += values[i] ?? 0;
    means[channel] = (means[channel] ?? 0) + (sum * count) / values.length;
    channel = channel + 1 === count ? 0 : channel + 1;
  }
  return means;
}

/** Features of one length for all samples; `null` where there are none. */
function featuresOf(kept: readonly (Kept | undefined)[], count: number): Float64Array[] | null {
  const all = Array.from({ length: count }, (_, i) => kept[i]).flatMap((one) => one ?? []);
  const [first] = all;
  if (first === undefined || all.length < count || count < 2) return null;
  const alike = all.every(({ dims }) => dims === first.dims);
  const found = all.map(({ features, means }) => (alike ? features : means));
  const isUsable = found.every(
    (f) => f.length === found[0]?.length && f.length > 0 && f.every(Number.isFinite),
  );
  return isUsable ? found : null;
}

/** One less the mean of a layer's alikeness to each of the others: from 0 to 1, larger where OMPQ gives more bits. */
export function orthogonalityOf(alikeness: ReadonlyMap<string, number>, name: string): number | null {
  const sum = alikeness.get(name);
  return sum === undefined || alikeness.size < 2 ? null : 1 - sum / (alikeness.size - 1);
}
