import type { Sample } from '../data/samples/dataset';
import { type Model } from '../onnx/graph/model';
import { encodeModel } from '../onnx/file/readModel';
import { originalNames } from '../runtime/originalNames';
import { profileNodes } from '../runtime/profileNodes';
import type { RuntimeWorker } from '../runtime/runtimeWorker';

export interface LayerTimes {
  /** Milliseconds of the node that computes each layer, by name. */
  layers: Map<string, number>;
  /** Of all other nodes: what stands between the layers, conversions, moves. */
  rest: number;
}

/**
 * Where the time of one sample on one thread goes, by onnxruntime's own profile.
 * @throws EngineError `runtime`, `cancelled`
 */
export async function layerTimes(
  worker: RuntimeWorker,
  model: Model,
  names: ReadonlySet<string>,
  outputs: string[],
  sample: Sample,
  signal?: AbortSignal,
): Promise<LayerTimes> {
  const nameOf = originalNames(model.graph);
  const layers = new Map<string, number>();
  let rest = 0;
  for (const node of await profileNodes(worker, encodeModel(model), outputs, sample, signal)) {
    const name = nameOf(node);
    if (names.has(name)) layers.set(name, (layers.get(name) ?? 0) + node.milliseconds);
    else rest += node.milliseconds;
  }
  return { layers, rest };
}
