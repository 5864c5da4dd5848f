import { type Model } from '../../../engine/onnx/graph/model';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import type { RunNode } from '../../../engine/shared/protocol/report';
import type { KnownReasons } from '../../../engine/runtime/floatReasons';
import { loadWithNodes } from '../../../engine/runtime/runNodes';
import { testWorker } from '../runTiny';

/** How onnxruntime runs each node of a model. */
export async function runNodes(
  model: Model,
  { original = model.graph, keepFloat = [], unquantizable = [] }: Partial<KnownReasons> = {},
): Promise<RunNode[]> {
  const known = { original, keepFloat, unquantizable };
  const { session, nodes } = await loadWithNodes(testWorker(), encodeModel(model), known);
  await session.release();
  return nodes;
}
