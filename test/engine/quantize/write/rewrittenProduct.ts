import { create } from '@bufbuild/protobuf';
import { OperatorSetIdProtoSchema, type NodeProto } from 'onnx-buf';
import { freshNames } from '../../../../engine/onnx/graph/graphIndex';
import type { Model } from '../../../../engine/onnx/graph/model';
import type { Stored } from '../../../../engine/quantize/write/storedWeights';
import { tinyModel, type TinyModel } from '../../tinyModel';

/** A model with its one MatMul or Gemm rewritten, and its weight `w` gone. */
export function rewrittenProduct(
  tiny: TinyModel,
  rewrite: (product: NodeProto, fresh: (wish: string) => string) => Stored,
): Model {
  const model = tinyModel(tiny);
  const { graph } = model;
  const product = graph.node.find((n) => n.opType === 'MatMul' || n.opType === 'Gemm');
  if (product === undefined) throw new Error('no product');
  const { before, after, constants } = rewrite(product, freshNames(graph));
  graph.node = graph.node.flatMap((n) => (n === product ? [...before, n, ...after] : [n]));
  graph.initializer = [...graph.initializer.filter((t) => t.name !== 'w'), ...constants];
  model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }));
  return model;
}
