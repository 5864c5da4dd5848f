import { clone, create } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type NodeProto,
} from 'onnx-buf';
import { EngineError } from '../../shared/engineError';
import { attribute } from '../graph/attributes';
import { freshNames } from '../graph/graphIndex';
import { opsetOf, type Model } from '../graph/model';
import { graphsWithin } from '../graph/scopes';

/** Functions that call functions can grow without end; real models stay far below. */
const MAX_NODES = 1_000_000;
const MAX_DEPTH = 100;

function keyOf(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain === 'ai.onnx' ? '' : domain, name, overload]);
}

/** Version of the default operator set that the function's body is written in. */
function opsetOfFunction({ opsetImport }: FunctionProto): number | undefined {
  const entry = opsetImport.find((o) => o.domain === '' || o.domain === 'ai.onnx');
  return entry === undefined ? undefined : Number(entry.version);
}

/** A function can take the place of its calls where it is written in the operator sets that the model names. */
function fits(called: FunctionProto, model: Model): boolean {
  const version = opsetOfFunction(called);
  if (version !== undefined && version !== opsetOf(model)) return false;
  return called.opsetImport.every((own) => {
    const entry = model.opsetImport.find((o) => o.domain === own.domain);
    return (
      own.domain === '' || own.domain === 'ai.onnx' || entry === undefined || entry.version === own.version
    );
  });
}

/**
 * Puts the bodies of model-local functions (ONNX IR, "Model Local Functions") in the place of their calls, in place,
 * as onnxruntime does when it loads a model: so the layers in them are seen, each call with ranges of its own.
 * Nodes and tensors get the call's name in front. Functions in another version of an operator set stay calls.
 * @throws EngineError `bad-model` when functions call each other in a circle or grow beyond a million nodes
 */
export function inlineFunctions(model: Model): void {
  const functions = new Map(
    model.functions
      .filter((f) => fits(f, model))
      .map((f) => [keyOf(f.domain, f.name, f.overload), f] as const),
  );
  if (functions.size === 0) return;
  const fresh = freshNames(model.graph);
  const calledNow = new Set<FunctionProto>();
  let count = 0;

  const expand = (nodes: readonly NodeProto[], depth: number): NodeProto[] =>
    nodes.flatMap((node) => {
      if (++count > MAX_NODES || depth > MAX_DEPTH) {
        throw new EngineError(
          'bad-model',
          `The model's functions call each other without end; ${node.opType} is one of them.`,
          'Export the model again without functions.',
        );
      }
      for (const { g } of node.attribute) if (g !== undefined) g.node = expand(g.node, depth);
      const called = functions.get(keyOf(node.domain, node.opType, node.overload));
      if (called === undefined) return [node];
      calledNow.add(called);
      return expand(bodyOf(called, node, fresh), depth + 1);
    });
  model.graph.node = expand(model.graph.node, 0);
  for (const { opsetImport } of calledNow) {
    for (const { domain, version } of opsetImport) {
      if (model.opsetImport.some((o) => o.domain === domain)) continue;
      if (domain === '' || domain === 'ai.onnx') continue;
      model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain, version }));
    }
  }
  const graphs = graphsWithin(model.graph);
  const stillCalled = new Set(
    graphs.flatMap((g) => g.node.map((n) => keyOf(n.domain, n.opType, n.overload))),
  );
  // A function that stays may call one that was put in place elsewhere.
  const staying = model.functions.some((f) => stillCalled.has(keyOf(f.domain, f.name, f.overload)));
  if (!staying) model.functions = [];
}

/** The function's nodes with the call's tensors and attribute values. */
function bodyOf(called: FunctionProto, call: NodeProto, fresh: (wish: string) => string): NodeProto[] {
  const names = new Map<string, string>();
  called.input.forEach((formal, i) => names.set(formal, call.input[i] ?? ''));
  called.output.forEach((formal, i) => {
    const actual = call.output[i] ?? '';
    const passedOn = names.has(formal);
    if (actual !== '' && !passedOn) names.set(formal, actual);
  });
  const inner = (name: string): string => {
    if (name === '') return '';
    const known = names.get(name);
    if (known !== undefined) return known;
    const made = fresh(`${call.name}/${name.replace(/^\/+/, '')}`);
    names.set(name, made);
    return made;
  };
  const value = (name: string): AttributeProto | undefined =>
    attribute(call, name) ?? called.attributeProto.find((a) => a.name === name);

  const fill = (nodes: NodeProto[]): void => {
    for (const node of nodes) {
      node.name = `${call.name}/${(node.name === '' ? node.opType : node.name).replace(/^\/+/, '')}`;
      node.input = node.input.map(inner);
      node.output = node.output.map(inner);
      // Bodies that the call hands in are written in the caller's names already.
      for (const { g } of node.attribute) if (g !== undefined) fillGraph(g);
      node.attribute = node.attribute.flatMap((a) => {
        if (a.refAttrName === '') return [a];
        const given = value(a.refAttrName);
        // An attribute that the call leaves out is left out inside too.
        return given === undefined
          ? []
          : [Object.assign(clone(AttributeProtoSchema, given), { name: a.name })];
      });
    }
  };
  const fillGraph = (graph: GraphProto): void => {
    for (const each of [...graph.input, ...graph.output, ...graph.valueInfo, ...graph.initializer]) {
      each.name = inner(each.name);
    }
    fill(graph.node);
  };
  const nodes = called.node.map((node) => clone(NodeProtoSchema, node));
  fill(nodes);
  // An output that is an input of the function has no node to make it.
  called.output.forEach((formal, i) => {
    const actual = call.output[i] ?? '';
    if (actual === '' || names.get(formal) === actual) return;
    nodes.push(
      create(NodeProtoSchema, {
        opType: 'Identity',
        name: `${call.name}/Identity_${i}`,
        input: [inner(formal)],
        output: [actual],
      }),
    );
  });
  return nodes;
}
