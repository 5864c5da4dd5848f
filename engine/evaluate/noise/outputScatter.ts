import { unlessCancelled } from '../../common/cancellation';
import type { SampleSource } from '../../data/samples/dataset';
import { exposeTensors } from '../../onnx/graph/addGraphOutputs';
import { type Model } from '../../onnx/graph/model';
import { encodeModel } from '../../onnx/file/readModel';
import type { TensorData } from '../../onnx/tensors/tensor';
import type { OutputScatter, ScatterCounts } from '../../shared/protocol/layerDetail';
import type { Session } from '../../runtime/runtimeWorker';
import type { WorkerPool } from '../../runtime/workerPool';
import { decibels } from '../../stats/sqnr';
import type { SampleRun } from './runSamples';
import { Turns } from './inOrder';
import { ownValue } from '../../shared/ownValue';

/** Squares along each axis. */
export const SCATTER_BINS = 64;
/** Values that are counted of each model: a picture shows no more. */
const MOST_VALUES = 2 ** 20;

/** What was gathered of one quantized model. */
interface Gathered {
  signal: number;
  noise: number;
  /** Pairs of float and int8 values, sample by sample. */
  exact: Float32Array[];
  rounded: Float32Array[];
  isOdd: boolean;
}

/** A tensor of quantized models against the float one, value by value, as counts in squares. */
export interface Scattered extends Pick<OutputScatter, 'values' | 'counted' | 'bins' | 'low' | 'high'> {
  /** Of each model; `null` for one that does not make the tensor, or makes one of another size. */
  models: (ScatterCounts | null)[];
}

/**
 * Runs the float model and quantized ones over the samples and counts how the values of one tensor lie against each other. All are
 * drawn on the same axes. Of tensors with many values every n-th is counted; the noise is that of all.
 */
export async function outputScatter(
  pool: WorkerPool,
  float: Model,
  quantized: readonly Model[],
  tensor: string,
  samples: SampleSource,
  { onSample, signal, unfused = false }: SampleRun = {},
): Promise<Scattered> {
  const exposed = [float, ...quantized].map((model) => exposeTensors(model, [tensor]));
  const loaded = exposed.map((e) => ({ bytes: encodeModel(e.model), output: e.outputs.get(tensor) }));
  const gathered = quantized.map((): Gathered => ({
    signal: 0,
    noise: 0,
    exact: [],
    rounded: [],
    isOdd: false,
  }));
  const most = Math.max(1, Math.floor(MOST_VALUES / Math.max(1, samples.length)));
  let [values, counted] = [0, 0];
  const turns = new Turns();
  const run = async (sessions: (Session | null)[], i: number) => {
    const { feeds, sequence } = await unlessCancelled(samples.load(i), signal);
    const found: (TensorData | undefined)[] = [];
    for (const [k, session] of sessions.entries()) {
      const output = loaded[k]?.output;
      if (session === null || output === undefined) found.push(undefined);
      else found.push(ownValue((await session.run(feeds, [output], sequence)).outputs, output)?.data);
    }
    return found;
  };
  await pool.forEach(
    samples.length,
    {
      prepare: (worker) =>
        Promise.all(
          loaded.map(({ bytes, output }) =>
            output === undefined ? Promise.resolve(null) : worker.load(bytes, { threads: 1, unfused }),
          ),
        ),
      work: (sessions, i) =>
        turns.take(run(sessions, i), ([exact, ...rounded]) => {
          const stride = strideFor(exact?.length ?? 0, most);
          values += exact?.length ?? 0;
          counted += Math.ceil((exact?.length ?? 0) / stride);
          gathered.forEach((one, k) => gather(one, exact, rounded[k], stride));
          onSample?.();
        }),
      finish: async (sessions) => {
        for (const session of sessions) await session?.release();
      },
    },
    signal,
  );
  const usable = gathered.filter((one) => !one.isOdd);
  const ends = usable.flatMap((one) => [...one.exact, ...one.rounded].map(endsOf));
  let low = ends.reduce((least, end) => Math.min(least, end.low), Infinity);
  let high = ends.reduce((largest, end) => Math.max(largest, end.high), -Infinity);
  if (!(low <= high)) [low, high] = [0, 0];
  if (low === high) [low, high] = [low - 1, high + 1];
  const models = gathered.map((one) => (one.isOdd ? null : countsOf(one, low, high)));
  return { values, counted, bins: SCATTER_BINS, low, high, models };
}

/** Odd, so that it does not keep to some of the channels. */
function strideFor(length: number, most: number): number {
  const stride = Math.ceil(length / most);
  return stride <= 1 ? 1 : stride + 1 - (stride % 2);
}

function gather(
  one: Gathered,
  exact: TensorData | undefined,
  rounded: TensorData | undefined,
  stride: number,
): void {
  if (exact === undefined || exact.length !== rounded?.length) {
    one.isOdd = true;
    return;
  }
  for (let i = 0; i < exact.length; i++) {
    const x = Number(exact[i]);
    one.signal += x * x;
    one.noise += (x - Number(rounded[i])) ** 2;
  }
  const kept = Math.ceil(exact.length / stride);
  one.exact.push(Float32Array.from({ length: kept }, (_, i) => Number(exact[i * stride])));
  one.rounded.push(Float32Array.from({ length: kept }, (_, i) => Number(rounded[i * stride])));
}

function endsOf(values: Float32Array): { low: number; high: number } {
  let [low, high] = [Infinity, -Infinity];
  for (const x of values) {
    if (!Number.isFinite(x)) continue;
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  return { low, high };
}

function countsOf({ exact, rounded, signal, noise }: Gathered, low: number, high: number): ScatterCounts {
  const counts = new Array<number>(SCATTER_BINS ** 2).fill(0);
  const binOf = (x: number) =>
    Math.min(SCATTER_BINS - 1, Math.floor(((x - low) / (high - low)) * SCATTER_BINS));
  exact.forEach((own, k) => {
    own.forEach((x, i) => {
      const y = rounded[k]?.[i] ?? NaN;
      if (!Number.isFinite(x) || !Number.isFinite(y)) return;
      const square = binOf(y) * SCATTER_BINS + binOf(x);
      counts[square] = (counts[square] ?? 0) + 1;
    });
  });
  return { counts, sqnrDb: decibels(signal, noise) };
}
