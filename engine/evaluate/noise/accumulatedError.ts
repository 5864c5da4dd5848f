import { unlessCancelled } from '../../common/cancellation';
import type { SampleSource } from '../../data/samples/dataset';
import { exposeTensors } from '../../onnx/graph/addGraphOutputs';
import { type Model } from '../../onnx/graph/model';
import { encodeModel } from '../../onnx/file/readModel';
import type { TensorData } from '../../onnx/tensors/tensor';
import type { Session } from '../../runtime/runtimeWorker';
import type { WorkerPool } from '../../runtime/workerPool';
import { errorFigures, type ErrorFigures } from '../../stats/errorFigures';
import type { SampleRun } from './runSamples';
import { Turns } from './inOrder';
import { ownValue } from '../../shared/ownValue';

/**
 * How far tensors of a quantized model are off those of the same names in its float original: the error's way
 * through the network, with all that came before. Tensors that one of the two does not make, or of another size there, are left out.
 */
export async function pathErrors(
  pool: WorkerPool,
  float: Model,
  quantized: Model,
  tensors: Iterable<string>,
  samples: SampleSource,
  { onSample, signal, unfused = false }: SampleRun = {},
): Promise<Map<string, ErrorFigures>> {
  const wanted = [...new Set(tensors)];
  const [exact, rounded] = [exposeTensors(float, wanted), exposeTensors(quantized, wanted)];
  const both = wanted.filter((t) => exact.outputs.has(t) && rounded.outputs.has(t));
  if (both.length === 0) return new Map();
  const outputsOf = ({ outputs }: typeof exact) => both.map((t) => outputs.get(t) ?? t);
  const models = [exact, rounded].map((e) => encodeModel(e.model));
  const sums = new Map(both.map((t) => [t, { signal: 0, noise: 0, rounded: 0, odd: false }]));
  const turns = new Turns();
  const run = async ([first, second]: Session[], i: number) => {
    const { feeds, sequence } = await unlessCancelled(samples.load(i), signal);
    const a = await first?.run(feeds, outputsOf(exact), sequence);
    const b = await second?.run(feeds, outputsOf(rounded), sequence);
    return { a: a?.outputs, b: b?.outputs };
  };
  await pool.forEach(
    samples.length,
    {
      prepare: (worker) => Promise.all(models.map((bytes) => worker.load(bytes, { threads: 1, unfused }))),
      work: (sessions, i) =>
        turns.take(run(sessions, i), ({ a, b }) => {
          for (const [tensor, sum] of sums) {
            const x = ownValue(a ?? {}, exact.outputs.get(tensor) ?? '')?.data;
            const y = ownValue(b ?? {}, rounded.outputs.get(tensor) ?? '')?.data;
            if (x === undefined || x.length !== y?.length) sum.odd = true;
            else addTo(sum, x, y);
          }
          onSample?.();
        }),
      finish: async (sessions) => {
        for (const session of sessions) await session.release();
      },
    },
    signal,
  );
  return new Map(
    [...sums].flatMap(([tensor, s]) =>
      s.odd ? [] : [[tensor, errorFigures(s.signal, s.noise, s.rounded)] as const],
    ),
  );
}

function addTo(
  sum: { signal: number; noise: number; rounded: number },
  exact: TensorData,
  rounded: TensorData,
): void {
  for (let i = 0; i < exact.length; i++) {
    const [x, y] = [Number(exact[i]), Number(rounded[i])];
    sum.signal += x * x;
    sum.noise += (x - y) ** 2;
    sum.rounded += y * y;
  }
}
