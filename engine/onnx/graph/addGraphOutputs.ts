import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  TensorProto_DataType,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type GraphProto,
  type NodeProto,
} from 'onnx-buf';
import { attribute, makeNode } from './attributes';
import { copyModel } from './copyModel';
import { makeTensor } from '../tensors/elements';
import { freshNames } from './graphIndex';
import type { Model } from './model';

/** What the model hands out, and under which name, for each tensor asked for. */
export interface Exposed {
  model: Model;
  outputs: Map<string, string>;
}

/**
 * A copy of a normalized model that hands out the given float tensors too. Those of the model's own graph keep name
 * and shape. Those of a body leave it as one flat list of all values that the tensor took: none where the branch
 * was not taken, one after the other where a Loop or Scan ran more than once.
 * Tensors that the model does not have, its inputs and those that it hands out already are passed over.
 */
export function exposeTensors(original: Model, tensors: Iterable<string>): Exposed {
  const wanted = new Set(tensors);
  const model = copyModel(original);
  const { graph } = model;
  const fresh = freshNames(graph);
  const outputs = new Map<string, string>();
  for (const { name } of graph.output) if (wanted.has(name)) outputs.set(name, name);
  const made = graph.node.flatMap((n) => n.output).filter((name) => wanted.has(name));
  const lifted = liftFromBodies(graph, wanted, fresh);
  for (const [tensor, name] of [...made.map((m) => [m, m] as const), ...lifted]) {
    if (outputs.has(tensor)) continue;
    outputs.set(tensor, name);
    // onnxruntime infers the types of outputs that declare none.
    graph.output.push(create(ValueInfoProtoSchema, { name }));
  }
  return { model, outputs };
}

type Fresh = (wish: string) => string;

/** Brings wanted tensors of the graph's bodies up into the graph; answers their names there. */
function liftFromBodies(graph: GraphProto, wanted: ReadonlySet<string>, fresh: Fresh): Map<string, string> {
  const lifted = new Map<string, string>();
  graph.node = graph.node.flatMap((node) => {
    const around: { before: NodeProto[]; after: NodeProto[] } = { before: [], after: [] };
    for (const { name, g } of node.attribute) {
      if (g === undefined) continue;
      for (const [tensor, inner] of flatTensors(g, wanted, fresh)) {
        const outside = fresh(`${tensor}_exposed`);
        lifted.set(tensor, outside);
        if (node.opType === 'If') passThroughIf(node, name, inner, outside, fresh);
        else if (node.opType === 'Loop') collectInLoop(node, g, inner, outside, around, graph, fresh);
        else collectInScan(node, g, inner, outside);
      }
    }
    return [...around.before, node, ...around.after];
  });
  return lifted;
}

/** Wanted tensors of a body, its own and those of bodies within, each flattened. */
function flatTensors(body: GraphProto, wanted: ReadonlySet<string>, fresh: Fresh): [string, string][] {
  const within = liftFromBodies(body, wanted, fresh);
  const own = [...body.input.map((i) => i.name), ...body.node.flatMap((n) => n.output)];
  const found: [string, string][] = [...within];
  for (const tensor of new Set(own)) {
    if (!wanted.has(tensor)) continue;
    const flat = fresh(`${tensor}_flat`);
    const shape = fresh(`${tensor}_flat_shape`);
    body.initializer.push(makeTensor(shape, [1], BigInt64Array.of(-1n)));
    body.node.push(makeNode('Reshape', flat, [tensor, shape], [flat]));
    found.push([tensor, flat]);
  }
  return found;
}

/** A Constant node without values, for where a tensor did not come to be. */
function nothing(fresh: Fresh): NodeProto {
  const name = fresh('no_values');
  const node = makeNode('Constant', name, [], [name]);
  node.attribute.push(
    create(AttributeProtoSchema, {
      name: 'value',
      type: AttributeProto_AttributeType.TENSOR,
      t: makeTensor(name, [0], new Float32Array(0)),
    }),
  );
  return node;
}

/** The branch that is not taken hands out no values. */
function passThroughIf(node: NodeProto, branch: string, inner: string, outside: string, fresh: Fresh): void {
  for (const { name, g } of node.attribute) {
    if (g === undefined) continue;
    if (name === branch) {
      g.output.push(floatList(inner));
    } else {
      const empty = nothing(fresh);
      g.node.push(empty);
      g.output.push(floatList(empty.name));
    }
  }
  node.output.push(outside);
}

/** A sequence carried from turn to turn: unlike a scan output, its tensors may differ in size. */
function collectInLoop(
  loop: NodeProto,
  body: GraphProto,
  inner: string,
  outside: string,
  around: { before: NodeProto[]; after: NodeProto[] },
  graph: GraphProto,
  fresh: Fresh,
): void {
  while (loop.input.length < 2) loop.input.push('');
  const carried = loop.input.length - 2;
  while (loop.output.length < carried) loop.output.push(fresh(`${loop.name}_unused`));
  const [empty, start, before, after, end] = ['empty', 'start', 'before', 'after', 'end'].map((part) =>
    fresh(`${outside}_${part}`),
  ) as [string, string, string, string, string];
  graph.initializer.push(makeTensor(empty, [0], new Float32Array(0)));
  around.before.push(makeNode('SequenceConstruct', start, [empty], [start]));
  loop.input.push(start);
  body.input.push(floatLists(before));
  body.node.push(makeNode('SequenceInsert', after, [before, inner], [after]));
  body.output.splice(1 + carried, 0, floatLists(after));
  loop.output.splice(carried, 0, end);
  around.after.push(makeNode('ConcatFromSequence', outside, [end], [outside], { axis: 0 }));
}

/** A scan output: all turns of a Scan make tensors of one size. */
function collectInScan(scan: NodeProto, body: GraphProto, inner: string, outside: string): void {
  body.output.push(floatList(inner));
  scan.output.push(outside);
  for (const name of ['scan_output_axes', 'scan_output_directions']) attribute(scan, name)?.ints.push(0n);
}

function floatType() {
  const elemType = TensorProto_DataType.FLOAT;
  return create(TypeProtoSchema, { value: { case: 'tensorType', value: { elemType } } });
}

function floatList(name: string) {
  return create(ValueInfoProtoSchema, { name, type: floatType() });
}

function floatLists(name: string) {
  const type = create(TypeProtoSchema, { value: { case: 'sequenceType', value: { elemType: floatType() } } });
  return create(ValueInfoProtoSchema, { name, type });
}
