import { unlessCancelled } from '../../common/cancellation';
import type { Measured } from '../../evaluate/baseline';
import type { Run } from '../../common/run';
import type { RuntimeWorker } from '../../runtime/runtimeWorker';
import { layerTimes } from '../../evaluate/layerLatency';
import { buildModel, layersAlone, withChoices, type Candidate } from '../candidate/candidate';

/**
 * Milliseconds that each layer takes more in float than in int8, by onnxruntime's profile of both networks; less than none where it is
 * faster in float. Conversions where it meets integers come on top.
 * @throws EngineError `runtime`, `cancelled`
 */
export async function floatCosts(
  worker: RuntimeWorker,
  { chooser, outputs }: Pick<Measured, 'chooser' | 'outputs'>,
  whole: Candidate,
  { signal }: Pick<Run, 'signal'>,
): Promise<Map<string, number>> {
  const names = whole.base.layers.map((l) => l.name);
  const sample = await unlessCancelled(chooser.samples.load(0), signal);
  const float = withChoices(layersAlone(whole), names, 'float');
  const [floats, integers] = [new Map<string, number>(), new Map<string, number>()];
  for (const [candidate, times] of [
    [float, floats],
    [whole, integers],
  ] as const) {
    const model = buildModel(candidate);
    const { layers } = await layerTimes(worker, model, new Set(names), outputs, sample, signal);
    for (const [name, milliseconds] of layers) times.set(name, milliseconds);
  }
  return new Map(
    names.flatMap((name) => {
      const [own, other] = [floats.get(name), integers.get(name)];
      return own === undefined || other === undefined ? [] : [[name, own - other] as const];
    }),
  );
}
