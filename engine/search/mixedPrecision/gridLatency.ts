import { unlessCancelled } from '../../common/cancellation';
import type { Measured } from '../../evaluate/baseline';
import type { Run } from '../../common/run';
import { StageProgress } from '../../common/progress';
import type { LayerChoice } from '../../shared/protocol/choices';
import type { RuntimeWorker } from '../../runtime/runtimeWorker';
import { layerTimes } from '../../evaluate/layerLatency';
import { measureLatencies } from '../../evaluate/latency';
import { buildModel, layersAlone, withChoices, withDecided, type Candidate } from '../candidate/candidate';

export interface ChoiceTimes {
  /** Milliseconds of the float model. */
  float: number;
  /** Milliseconds more that a layer takes with this choice than in float. */
  extra: (layer: string, choice: LayerChoice) => number;
}

/**
 * Times each layer on each grid: what its node takes in a model with all layers on that grid that can be, and an even part of what
 * else such a model takes more than float (conversions, and integer operators between the layers). Right at both ends, all float and
 * all on one grid; where grids alternate, conversions at their borders come on top.
 * @param open what each layer may be
 * @throws EngineError `runtime`, `cancelled`
 */
export async function choiceTimes(
  worker: RuntimeWorker,
  { chooser, outputs, reference }: Measured,
  whole: Candidate,
  open: ReadonlyMap<string, readonly LayerChoice[]>,
  { onProgress, signal }: Run,
): Promise<ChoiceTimes> {
  const names = [...open.keys()];
  const able = (choice: LayerChoice) => names.filter((name) => open.get(name)?.includes(choice) === true);
  // Halves become floats as the model is loaded.
  const grids = [...new Set([...open.values()].flat())].filter((c) => c !== 'float' && c !== 'float16');
  const progress = new StageProgress('sensitivity', 'Timing grids', grids.length + 2, onProgress);
  const sample = await unlessCancelled(chooser.samples.load(0), signal);
  const timeOf = async (candidate: Candidate) => {
    const times = await layerTimes(worker, buildModel(candidate), new Set(names), outputs, sample, signal);
    progress.step();
    return times;
  };
  const session = await worker.load(reference.bytes, { threads: 1 });
  const [float] = await measureLatencies([session], outputs, chooser.samples, signal).finally(() =>
    session.release(),
  );
  progress.step();
  const floats = await timeOf(withChoices(layersAlone(whole), names, 'float'));
  const own = new Map<LayerChoice, Map<string, number>>();
  for (const choice of grids) {
    const on = able(choice);
    const others = names.filter((name) => !on.includes(name));
    // What stands between layers becomes integers where the layers do, in 8 bits.
    const start = choice === 'int8' ? whole : layersAlone(whole);
    const times = await timeOf(
      withDecided(
        withChoices(start, others, 'float'),
        on.map((name) => [name, choice]),
      ),
    );
    const share = (times.rest - floats.rest) / on.length;
    own.set(
      choice,
      new Map(
        on.map((name) => [name, (times.layers.get(name) ?? 0) - (floats.layers.get(name) ?? 0) + share]),
      ),
    );
  }
  progress.end();
  const median = float?.median ?? 0;
  // Profiling takes time too.
  const profiled = [...floats.layers.values()].reduce((a, b) => a + b, floats.rest);
  const scale = profiled === 0 ? 1 : median / profiled;
  return { float: median, extra: (layer, choice) => scale * (own.get(choice)?.get(layer) ?? 0) };
}
