import type { NodeProto } from 'onnx-buf';
import { makeNode } from '../onnx/graph/attributes';
import { copyModel } from '../onnx/graph/copyModel';
import { makeTensor } from '../onnx/tensors/elements';
import { freshNames } from '../onnx/graph/graphIndex';
import type { Model } from '../onnx/graph/model';
import { graphsWithin } from '../onnx/graph/scopes';
import type { Affine } from './affine';
import type { Profile } from './targets/profiles';

/**
 * A copy in which tensors are rounded to their grids where they are read, and everything is computed in float.
 * @param grids by tensor, which nodes must make; a grid of another name changes nothing
 */
export function withRoundedTensors(
  original: Model,
  grids: ReadonlyMap<string, Affine>,
  { activation }: Profile,
): Model {
  const model = copyModel(original);
  const fresh = freshNames(model.graph);
  const rounded = new Map<string, string>();
  const added = new Set<NodeProto>();
  for (const graph of graphsWithin(model.graph))
    graph.node = graph.node.flatMap((node) => {
      const pairs = node.output.flatMap((tensor) => {
        const grid = grids.get(tensor);
        if (grid === undefined) return [];
        const [scale, zero, codes, result] = ['scale', 'zero_point', 'codes', 'rounded'].map((part) =>
          fresh(`${tensor}_${part}`),
        ) as [string, string, string, string];
        const zeros = activation.type === 'int8' ? Int8Array : Uint8Array;
        graph.initializer.push(
          makeTensor(scale, [], Float32Array.of(grid.scale)),
          makeTensor(zero, [], zeros.of(grid.zeroPoint)),
        );
        rounded.set(tensor, result);
        const pair = [
          makeNode('QuantizeLinear', fresh(codes), [tensor, scale, zero], [codes]),
          makeNode('DequantizeLinear', fresh(result), [codes, scale, zero], [result]),
        ];
        for (const each of pair) added.add(each);
        return pair;
      });
      return [node, ...pairs];
    });
  for (const graph of graphsWithin(model.graph))
    for (const node of graph.node)
      if (!added.has(node)) node.input = node.input.map((name) => rounded.get(name) ?? name);
  return model;
}
