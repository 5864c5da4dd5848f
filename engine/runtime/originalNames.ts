import type { GraphProto, NodeProto } from 'onnx-buf';
import { graphsWithin } from '../onnx/graph/scopes';
import { ownValue } from '../shared/ownValue';

const suffixes = /(_token_\d+|_nchwc|\/MatMulAddFusion|\/duplicated)+$/;

/** Activations that onnxruntime fuses into the node before them; a fused node may be called after what leaves them. */
const MOST_FUSED = 3;

/** A node's name without what onnxruntime's optimizer appended: `Conv_3` for `Conv_3_token_12`. */
export function withoutSuffix(name: string): string {
  return name.replace(suffixes, '');
}

/**
 * Finds the names that nodes had before onnxruntime's optimizer gave them its own.
 * @param original the graph before it was optimized
 */
export function originalNames(original: GraphProto): (node: Pick<NodeProto, 'name' | 'opType'>) => string {
  const makers = new Map<string, NodeProto>();
  const own = new Set<string>();
  for (const graph of graphsWithin(original)) {
    for (const node of graph.node) {
      own.add(node.name);
      for (const tensor of node.output) makers.set(tensor, node);
    }
  }
  return ({ name, opType }) => {
    // A model's own name may end as one of the optimizer's does.
    if (own.has(name)) return name;
    const bare = withoutSuffix(name);
    if (!name.includes('_nchwc')) return bare;
    // Those in blocked layout are called after a tensor: the node's own, or one behind what was fused into it.
    let maker = makers.get(bare);
    for (let i = 0; i < MOST_FUSED && maker !== undefined && maker.opType !== unfused(opType); i++) {
      maker = makers.get(maker.input[0] ?? '');
    }
    return maker?.name ?? bare;
  };
}

const fusedFrom: Readonly<Record<string, string | undefined>> = {
  FusedConv: 'Conv',
  FusedMatMul: 'MatMul',
  FusedGemm: 'Gemm',
};

/** The operator that a fused one was made of; any other is itself. */
export function unfused(opType: string): string {
  return ownValue(fusedFrom, opType) ?? opType;
}
