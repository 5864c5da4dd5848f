import { clone } from '@bufbuild/protobuf';
import { TensorProtoSchema, type TensorProto } from 'onnx-buf';
import { copyModel } from '../onnx/graph/copyModel';
import { constantsWithin } from '../onnx/graph/constants';
import { dropUnusedInitializers } from '../onnx/graph/dropUnusedInitializers';
import { freshNames } from '../onnx/graph/graphIndex';
import { findLayers, type Layer } from '../onnx/layers/layers';
import type { Model } from '../onnx/graph/model';

/**
 * Gives some layers of a remedied model their weights and biases from before: those that are computed in float, or on another
 * grid, have no rounding that a remedy could make up for.
 * @param remedied a model whose constants differ from those of `plain`, and nothing else
 * @returns the remedied model itself where there is nothing to restore
 */
export function restoreLayers(remedied: Model, plain: Model, names: ReadonlySet<string>): Model {
  if (remedied === plain || names.size === 0) return remedied;
  const model = copyModel(remedied);
  const fresh = freshNames(model.graph);
  const before = constantsWithin(plain.graph);
  const now = constantsWithin(model.graph);
  const layers = new Map(findLayers(plain.graph).map((layer) => [layer.name, layer]));
  for (const layer of findLayers(model.graph)) {
    const old = layers.get(layer.name);
    if (old === undefined || !names.has(layer.name)) continue;
    const nodes = [old.node, ...old.tail];
    nodes.forEach((node, n) => {
      const own = [layer.node, ...layer.tail][n];
      node.input.forEach((name, i) => {
        const tensor = before.get(name);
        const is = own?.input[i] ?? '';
        if (own === undefined || tensor === undefined || isSame(tensor, now.get(is))) return;
        own.input[i] = addRenamed(layer, tensor, fresh);
      });
      // A bias that a remedy made.
      if (own !== undefined) own.input.length = Math.min(own.input.length, node.input.length);
    });
  }
  dropUnusedInitializers(model.graph);
  return model;
}

function isSame(a: TensorProto, b: TensorProto | undefined): boolean {
  return a.name === b?.name && Buffer.compare(a.rawData, b.rawData) === 0;
}

function addRenamed({ graph }: Layer, tensor: TensorProto, fresh: (wish: string) => string): string {
  const name = fresh(tensor.name);
  graph.initializer.push(Object.assign(clone(TensorProtoSchema, tensor), { name }));
  return name;
}
