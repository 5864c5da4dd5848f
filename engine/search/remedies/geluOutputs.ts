import type { GraphProto, NodeProto } from 'onnx-buf';
import { findBlocks } from '../../onnx/layers/blocks';
import { graphsWithin } from '../../onnx/graph/scopes';

/** The largest value that a GELU's grid has to hold (paper, "GELU10"). */
export const GELU_LIMIT = 10;

/**
 * Outputs of the GELU functions of a normalized model, written as one operator or in parts: what is to be clipped at
 * {@link GELU_LIMIT}. The small negative lobe, down to −0.17, rounds to nothing on a wider grid.
 */
export function findGeluOutputs(main: GraphProto): string[] {
  const nodes = graphsWithin(main).flatMap((g) => g.node);
  const last = new Set(findBlocks(main).flatMap((b) => (b.kind === 'GELU' ? [b.name] : [])));
  return nodes.filter((n) => isGelu(n) || last.has(n.name)).flatMap((n) => n.output.slice(0, 1));
}

/** Operators of ONNX (from 20 on) and of onnxruntime's own set. */
function isGelu({ opType, domain }: NodeProto): boolean {
  if (domain === 'com.microsoft') return ['Gelu', 'FastGelu', 'BiasGelu', 'QuickGelu'].includes(opType);
  return opType === 'Gelu' && (domain === '' || domain === 'ai.onnx');
}
