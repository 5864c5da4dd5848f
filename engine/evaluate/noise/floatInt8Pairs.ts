import { clone } from '@bufbuild/protobuf';
import {
  NodeProtoSchema,
  TensorProtoSchema,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { copyModel } from '../../onnx/graph/copyModel';
import { exposeTensors } from '../../onnx/graph/addGraphOutputs';
import { constantsWithin } from '../../onnx/graph/constants';
import { freshNames } from '../../onnx/graph/graphIndex';
import { findLayers, type Layer } from '../../onnx/layers/layers';
import type { Model } from '../../onnx/graph/model';
import { graphsWithin } from '../../onnx/graph/scopes';
import type { QuantPlan } from '../../quantize/plan';
import { rewriteQdq } from '../../quantize/write/rewrite';
import { nodeAdder, type NodeAdder } from './nodeAdder';

/** A layer in float and in int8, both reading the same float inputs. */
export interface Twin {
  layer: Layer;
  /** What leaves the layer's own node, before what else counts as part of the layer and before it is quantized. */
  own: { float: string; int8: string };
  /** What leaves the layer. */
  output: { float: string; int8: string };
}

/**
 * The float model in which every layer has an int8 twin, and what `compare` makes of each pair.
 * @param compare adds what is to be measured; answers the tensors that are to leave, by any key
 * @param remedied where the twins take their weights and biases from: the same layers after a remedy
 * @returns by layer and key, the outputs under which they leave
 */
export function withTwins<Key extends string>(
  original: Model,
  layers: readonly Layer[],
  plan: QuantPlan,
  compare: (twin: Twin, adder: NodeAdder) => Record<Key, string>,
  remedied = original,
): { model: Model; outputs: Map<string, Record<Key, string>> } {
  const model = copyModel(original);
  const twinName = freshNames(model.graph);
  const activations = new Map(plan.activations);
  const twinNames = new Set<string>();
  const twins: { name: string; twin: Twin; opType: string; made: string }[] = [];
  const names = new Set(layers.map((l) => l.name));
  const sources = remedied === original ? undefined : new RemediedNodes(remedied, twinName);

  for (const layer of findLayers(model.graph).filter((l) => names.has(l.name))) {
    const { graph } = layer;
    const output = twinName(`${layer.output}_twin`);
    const chain = [layer.node, ...layer.tail];
    const made = chain.map((n) => n.output.find((o) => o !== '') ?? '');
    const renamed = new Map(
      made.map((tensor) => [tensor, tensor === layer.output ? output : twinName(`${tensor}_twin`)]),
    );
    const nodes = chain.map((original) => {
      const twin = sources?.take(original, graph) ?? clone(NodeProtoSchema, original);
      twin.name = twinName(`${original === layer.node ? layer.name : original.name}_twin`);
      twin.input = original === layer.node ? twin.input : twin.input.map((i) => renamed.get(i) ?? i);
      twin.output = twin.output.map((o) => renamed.get(o) ?? '');
      return twin;
    });
    const [twin = layer.node] = nodes;
    const [own = layer.output] = made;
    const place = graph.node.findIndex((n) => n.output.includes(layer.output));
    graph.node.splice(place + 1, 0, ...nodes);
    twinNames.add(twin.name);
    const affine = activations.get(layer.output);
    if (affine !== undefined) activations.set(output, affine);

    const pair = { float: layer.output, int8: output };
    const made8 = renamed.get(own) ?? output;
    twins.push({
      ...{ name: twin.name, opType: twin.opType, made: made8 },
      twin: { layer, own: { float: own, int8: output }, output: pair },
    });
  }
  const grids = new Map(
    twins.flatMap(({ name, twin }) => {
      const grid = plan.grids.get(twin.layer.name);
      return grid === undefined ? [] : [[name, grid] as const];
    }),
  );
  const alone = { ...plan, activations, layers: twinNames, grids, operators: new Set<string>() };
  const rewritten = rewriteQdq(model, alone);
  const fresh = freshNames(rewritten.graph);
  const places = placesByNode(rewritten);
  // Only now: what reads a convolution besides its Relu would part the two.
  const found = new Map(
    twins.map(({ name, twin, opType, made }) => {
      const { graph, node } = places.get(name) ?? { graph: rewritten.graph, node: undefined };
      // A Relu that the grid makes up for is gone, and its name with it. What became another operator makes a part of the product.
      const own = node?.opType === opType ? node.output.find((o) => o !== '') : made;
      const int8 = own ?? twin.own.int8;
      const pair = { ...twin, own: { ...twin.own, int8 } };
      return [twin.layer.name, compare(pair, nodeAdder(graph, twin.output.int8, fresh))] as const;
    }),
  );
  const exposed = exposeTensors(
    rewritten,
    [...found.values()].flatMap((tensors) => Object.values<string>(tensors)),
  );
  const outside = (tensors: Record<Key, string>) =>
    Object.fromEntries(
      Object.entries<string>(tensors).map(([key, name]) => [key, exposed.outputs.get(name) ?? name]),
    ) as Record<Key, string>;
  return {
    model: exposed.model,
    outputs: new Map([...found].map(([name, tensors]) => [name, outside(tensors)])),
  };
}

/** Nodes of a remedied model, by name, with their constants. */
class RemediedNodes {
  private readonly nodes: Map<string, NodeProto>;
  private readonly constants: Map<string, TensorProto>;

  constructor(
    { graph }: Model,
    private readonly fresh: (wish: string) => string,
  ) {
    this.nodes = new Map(graphsWithin(graph).flatMap((g) => g.node.map((n) => [n.name, n] as const)));
    this.constants = constantsWithin(graph);
  }

  /** A copy of the node, its constants put into `graph` under names of their own. */
  take({ name }: NodeProto, graph: GraphProto): NodeProto | undefined {
    const found = this.nodes.get(name);
    if (found === undefined) return undefined;
    const copy = clone(NodeProtoSchema, found);
    copy.input = copy.input.map((input) => {
      const constant = this.constants.get(input);
      if (constant === undefined) return input;
      const own = Object.assign(clone(TensorProtoSchema, constant), {
        name: this.fresh(`${input}_remedied`),
      });
      graph.initializer.push(own);
      return own.name;
    });
    return copy;
  }
}

function placesByNode({ graph }: Model): Map<string, { graph: GraphProto; node: NodeProto }> {
  const graphs = graphsWithin(graph);
  return new Map(graphs.flatMap((g) => g.node.map((node) => [node.name, { graph: g, node }] as const)));
}
