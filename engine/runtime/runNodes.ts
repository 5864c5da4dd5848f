import type { GraphProto, NodeProto } from 'onnx-buf';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inTempFolder } from '../common/tempFolder';
import { intAttribute, subgraphs } from '../onnx/graph/attributes';
import { conversionTypes } from '../onnx/layers/integerKernels';
import { decodeModel } from '../onnx/file/readModel';
import { graphsWithin } from '../onnx/graph/scopes';
import type { RunNode } from '../shared/protocol/report';
import { FloatReasons, type KnownReasons } from './floatReasons';
import type { RuntimeWorker, Session } from './runtimeWorker';
import { tensorKinds, type TensorKind } from '../onnx/layers/tensorKinds';

/** Operators of onnxruntime's optimized graph that compute on integers. */
const integerTypes = new Set([
  'ConvInteger',
  'MatMulInteger',
  'MatMulIntegerToFloat',
  'DynamicQuantizeMatMul',
  'DynamicQuantizeLSTM',
  'QGemm',
  'QAttention',
]);

const networkKinds = ['float', 'quantized'] as const;

/** A node computes on what it reads and makes; shapes, indices and masks are none of the network's values. */
function kindOf(node: NodeProto, kinds: ReadonlyMap<string, TensorKind>): RunNode['kind'] {
  const { opType, input, output } = node;
  // Weights in 4 bits meet what it reads in int8 at this level, in floats at the others.
  if (opType === 'MatMulNBits') return intAttribute(node, 'accuracy_level', 0) === 4 ? 'integer' : 'float';
  if (conversionTypes.has(opType)) return 'conversion';
  if (integerTypes.has(opType) || opType.startsWith('QLinear')) return 'integer';
  // Only the first input: a Resize of integers reads its factors as floats.
  const found = new Set([...input.slice(0, 1), ...output].map((name) => kinds.get(name)));
  const computed = networkKinds.find((kind) => found.has(kind));
  if (computed === undefined) return 'conversion';
  return computed === 'float' ? 'float' : 'integer';
}

/** How each node of a graph that onnxruntime optimized runs, and why those in float do; bodies included. */
export function nodesOf(main: GraphProto, known: KnownReasons, ownName = (name: string) => name): RunNode[] {
  for (const node of graphsWithin(main).flatMap((g) => g.node)) node.name = ownName(node.name);
  const kinds = tensorKinds(main);
  const reasons = new FloatReasons(main, kinds, known);
  return graphsWithin(main).flatMap((graph) => {
    const reasonOf = reasons.inGraph(graph);
    return graph.node
      .filter((node) => subgraphs(node).length === 0)
      .map((node): RunNode => {
        const { name, opType } = node;
        const kind = kindOf(node, kinds);
        return { name, opType, kind, reason: kind === 'float' ? reasonOf(node) : null };
      });
  });
}

/**
 * Loads a model and reads, from the graph that onnxruntime's optimizer wrote for this processor,
 * how each node will run.
 * @throws EngineError `runtime`; `write-failed` when there is no temporary folder
 */
export async function loadWithNodes(
  worker: RuntimeWorker,
  model: Uint8Array,
  known: KnownReasons,
): Promise<{ session: Session; nodes: RunNode[] }> {
  return inTempFolder(async (folder) => {
    const optimizedModelPath = join(folder, 'optimized.onnx');
    const session = await worker.load(model, { threads: 1, optimizedModelPath });
    try {
      const { graph } = decodeModel(await readFile(optimizedModelPath), 'the optimized graph');
      const nodes = nodesOf(graph, known, (name) => session.ownName(name));
      return { session, nodes };
    } catch (thrown) {
      await session.release();
      throw thrown;
    }
  });
}
