import fc from 'fast-check';
import { create } from '@bufbuild/protobuf';
import { GraphProtoSchema, TensorProto_DataType, type GraphProto, type NodeProto } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { subgraphs } from '../../../../engine/onnx/graph/attributes';
import { checkModel } from '../../../../engine/onnx/file/checkModel';
import { makeTensor } from '../../../../engine/onnx/tensors/elements';
import { type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { readNames } from '../../../../engine/onnx/graph/scopes';
import { sortNodes } from '../../../../engine/onnx/graph/sortNodes';
import { body, yes } from '../../bodyModels';
import { float, runModel } from '../../runTiny';
import { int64, node, noisy, tinyModel, valueInfo } from '../../tinyModel';

/** What a graph is made of; names come from a handful, so that bodies often use one that is taken outside. */
interface Plan {
  input: string;
  initializer: string;
  nodes: { reads: number[]; output: string; bodies: Plan[] }[];
  result: number;
}

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const planOf = (depth: number): fc.Arbitrary<Plan> =>
  fc.record({
    input: name,
    initializer: name,
    nodes: fc.array(
      fc.record({
        reads: fc.array(fc.nat(50), { maxLength: 3 }),
        output: name,
        bodies: depth === 0 ? fc.constant([]) : fc.array(planOf(depth - 1), { maxLength: 2 }),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    result: fc.nat(50),
  });

/** The graph of a plan, its nodes in order. What a name means is unambiguous: it is read only behind its definition. */
function graphOf(plan: Plan, outer: readonly string[]): GraphProto {
  const own = new Set([plan.input]);
  const initializer = own.has(plan.initializer) ? [] : [plan.initializer];
  initializer.forEach((n) => own.add(n));
  // A name that this graph makes later can't be read from outside before.
  const later = new Set(plan.nodes.map((n) => n.output));
  const visible = () => [...new Set([...own, ...outer.filter((n) => own.has(n) || !later.has(n))])];
  const pick = (i: number) => visible()[i % visible().length] ?? plan.input;
  const nodes: NodeProto[] = [];
  for (const { reads, output, bodies } of plan.nodes) {
    if (own.has(output)) continue;
    const graphs = bodies.map((b, i) => [`body${i}`, { graph: graphOf(b, visible()) }] as const);
    nodes.push(node('Op', reads.map(pick), output, Object.fromEntries(graphs)));
    own.add(output);
  }
  return create(GraphProtoSchema, {
    node: nodes,
    input: [valueInfo(plan.input, [])],
    initializer: initializer.map((n) => int64(n, [1])),
    output: [valueInfo(pick(plan.result), null)],
  });
}

/** What each of the graph's own nodes reads of the graph's own names: every name is looked up where it stands. */
function reference(graph: GraphProto): Set<string>[] {
  type Scope = Map<string, number>;
  const scopeOf = (g: GraphProto, depth: number, outer: Scope): Scope => {
    const scope = new Map(outer);
    const made = [...g.input, ...g.initializer].map((t) => t.name);
    for (const n of [...made, ...g.node.flatMap((each) => each.output)]) scope.set(n, depth);
    return scope;
  };
  const walk = (one: NodeProto, depth: number, scope: Scope, found: Set<string>): void => {
    for (const n of one.input) if (scope.get(n) === 0) found.add(n);
    for (const g of subgraphs(one)) {
      const inner = scopeOf(g, depth + 1, scope);
      for (const each of g.node) walk(each, depth + 1, inner, found);
      for (const o of g.output) if (inner.get(o.name) === 0) found.add(o.name);
    }
  };
  const scope = scopeOf(graph, 0, new Map());
  return graph.node.map((one) => {
    const found = new Set<string>();
    walk(one, 0, scope, found);
    return found;
  });
}

const graphs = planOf(3).map((plan) => graphOf(plan, []));

test('a node reads what its bodies look up in its graph, and nothing that they define themselves', () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const expected = reference(graph);
      graph.node.forEach((one, i) => expect(readNames(one)).toEqual(expected[i]));
    }),
  );
});

test('nodes in any order are sorted, whatever names their bodies use', () => {
  fc.assert(
    fc.property(graphs, fc.infiniteStream(fc.nat(1000)), (graph, numbers) => {
      const rank = new Map(graph.node.map((n) => [n, Number(numbers.next().value)]));
      graph.node.sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
      const count = graph.node.length;
      expect(sortNodes(graph)).toEqual([]);
      expect(graph.node).toHaveLength(count);
      const made = new Set<string>();
      const later = new Set(graph.node.flatMap((n) => n.output));
      reference(graph).forEach((reads, i) => {
        for (const n of reads) expect(made.has(n) || !later.has(n), n).toBe(true);
        for (const n of graph.node[i]?.output ?? []) made.add(n);
      });
    }),
  );
});

/** Both branches call their result as the If calls its own. */
function sameName(): Model {
  const branch = (weight: string) =>
    body([node('MatMul', ['x', weight], 'h'), node('Relu', ['h'], 'y')], [], ['y']);
  return tinyModel({
    inputs: { x: [1, 4] },
    outputs: ['z'],
    constants: { yes: yes('yes'), w: noisy([4, 4]), v: noisy([4, 4], 2) },
    nodes: [
      node('If', ['yes'], 'y', { then_branch: { graph: branch('w') }, else_branch: { graph: branch('v') } }),
      node('Neg', ['y'], 'z'),
    ],
  });
}

describe('an If whose branches call their result as the If calls its own', () => {
  const x = { x: float([1, 4], [1, -2, 3, 0.5]) };

  test('is valid, in whatever order the nodes stand', () => {
    const model = sameName();
    checkModel(model);
    model.graph.node.reverse();
    checkModel(model);
    expect(model.graph.node.map((n) => n.opType)).toEqual(['If', 'Neg']);
  });

  test('computes in its normalized form what it computed before', async () => {
    const bytes = encodeModel(sameName());
    const before = await runModel(bytes, x, ['z']);
    const after = await runModel(normalize(decodeModel(bytes, 'same.onnx')), x);
    expect(after).toEqual(before);
    expect(after['z']?.data.some((v) => v !== 0)).toBe(true);
  });
});

test('a weight in double is known as one beside a body’s tensor of the same name', () => {
  const weight = Object.assign(makeTensor('k', [4, 4], new Float32Array(16)), {
    dataType: TensorProto_DataType.DOUBLE,
    rawData: new Uint8Array(Float64Array.from(noisy([4, 4])[1]).buffer),
  });
  const branch = body([node('Add', ['k', 'k'], 'r')], [], ['r'], [makeTensor('k', [1], Float32Array.of(1))]);
  const model = tinyModel({
    inputs: { x: [1, 4] },
    inputTypes: { x: TensorProto_DataType.DOUBLE },
    outputs: ['y', 'm'],
    constants: { yes: yes('yes'), k: weight },
    nodes: [
      node('MatMul', ['x', 'k'], 'm'),
      node('If', ['yes'], 'y', { then_branch: { graph: branch }, else_branch: { graph: branch } }),
    ],
  });
  checkModel(model);
  const { initializer } = normalize(model).graph;
  expect(initializer.find((t) => t.name === 'k')?.dataType).toBe(TensorProto_DataType.FLOAT);
});
