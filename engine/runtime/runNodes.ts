import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { subgraphs } from '../onnx/attributes';
import { decodeModel } from '../onnx/model';
import { graphsWithin } from '../onnx/scopes';
import type { RunNode } from '../protocol';
import type { RuntimeWorker, Session } from './runtimeWorker';

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
/** Operators that only move values or change their form or grid. They compute nothing, whatever type they work on. */
const conversionTypes = new Set([
  'QuantizeLinear',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
  'ReorderInput',
  'ReorderOutput',
  'Cast',
  'Concat',
  'ConstantOfShape',
  'Expand',
  'Flatten',
  'Gather',
  'Identity',
  'Range',
  'Reshape',
  'Shape',
  'Size',
  'Slice',
  'Split',
  'Squeeze',
  'Tile',
  'Transpose',
  'Unsqueeze',
]);

function kindOf(opType: string): RunNode['kind'] {
  if (conversionTypes.has(opType)) return 'conversion';
  return integerTypes.has(opType) || opType.startsWith('QLinear') ? 'integer' : 'float';
}

/**
 * Loads a model and reads, from the graph that onnxruntime's optimizer wrote for this processor,
 * how each node will run.
 */
export async function loadWithNodes(
  worker: RuntimeWorker,
  model: Uint8Array,
): Promise<{ session: Session; nodes: RunNode[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'quantscope-'));
  try {
    const optimizedModelPath = join(folder, 'optimized.onnx');
    const session = await worker.load(model, { threads: 1, optimizedModelPath });
    try {
      const { graph } = decodeModel(await readFile(optimizedModelPath), 'the optimized graph');
      const nodes = graphsWithin(graph)
        .flatMap((g) => g.node)
        .filter((node) => subgraphs(node).length === 0)
        .map(({ name, opType }) => ({ name, opType, kind: kindOf(opType) }));
      return { session, nodes };
    } catch (thrown) {
      await session.release();
      throw thrown;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
