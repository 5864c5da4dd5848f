import { encodeModel } from '../onnx/file/readModel';
import { exposeTensors } from '../onnx/graph/addGraphOutputs';
import type { Model } from '../onnx/graph/model';
import type { TensorShape } from '../shared/protocol/model';
import type { RuntimeWorker } from './runtimeWorker';

/**
 * Shapes of the model's outputs and of `tensors` of its own graph, as onnxruntime infers them without running the
 * model, by name. Symbols of the model's own dimensions stay; what depends on values is left open. Tensors of bodies
 * are passed over: they leave a body without their shapes.
 * @throws EngineError `runtime` when onnxruntime refuses the model
 */
export async function inferShapes(
  worker: RuntimeWorker,
  model: Model,
  tensors: readonly string[],
): Promise<Map<string, TensorShape['dims']>> {
  const own = new Set(model.graph.node.flatMap((n) => n.output));
  const tapped = encodeWithTaps(
    model,
    tensors.filter((t) => own.has(t)),
  );
  const session = await worker.load(tapped, { threads: 1 });
  await session.release();
  return new Map(session.outputShapes);
}

/** Encodes a copy of the model that hands out the given tensors of its own graph too. The model itself is not changed. */
export function encodeWithTaps(model: Model, tensors: Iterable<string>): Uint8Array<ArrayBuffer> {
  return encodeModel(exposeTensors(model, tensors).model);
}
