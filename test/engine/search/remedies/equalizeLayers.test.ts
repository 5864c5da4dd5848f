import { clone, equals } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ModelProtoSchema, type NodeProto, type TensorProto } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { floatValues } from '../../../../engine/onnx/tensors/elements';
import { type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { equalizeLayers } from '../../../../engine/search/remedies/equalizeLayers';
import { relativeError, runModel } from '../../runTiny';
import { node, noise, noisy, tinyModel, type TinyModel } from '../../tinyModel';
import { zooFeeds, zooModel } from '../../zooModels';

function constant(model: Model | undefined, name: string): Float32Array {
  const found = model?.graph.initializer.find((t) => t.name === name);
  return found === undefined ? new Float32Array(0) : floatValues(found);
}

async function difference(a: Model, b: Model | undefined, feeds: Parameters<typeof runModel>[1]) {
  const before = await runModel(a, feeds);
  const after = b === undefined ? {} : await runModel(b, feeds);
  return Math.max(
    ...Object.entries(before).map(([name, { data }]) =>
      relativeError(Array.from(data, Number), Array.from(after[name]?.data ?? [], Number)),
    ),
  );
}

/** Weight [4, 3, 1, 1] → Relu → weight [2, 4, 1, 1]. */
function pointwise(change: Partial<TinyModel> = {}): Model {
  return tinyModel({
    inputs: { x: [1, 3, 2, 2] },
    outputs: ['y'],
    constants: {
      v: [
        [4, 3, 1, 1],
        [8, 1, -2, 0.5, 0.25, 0.1, 1, -4, 1, 0, 0, 0],
      ],
      b: [[4], [1, 2, -3, 4]],
      w: [
        [2, 4, 1, 1],
        [0.5, 2, 1, 3, -0.25, 32, 0.5, 3],
      ],
    },
    nodes: [node('Conv', ['x', 'v', 'b'], 'c'), node('Relu', ['c'], 'r'), node('Conv', ['r', 'w'], 'y')],
    ...change,
  });
}

test('divides and multiplies by s = √(r1 / r2), so that both ranges become √(r1 · r2)', async () => {
  const model = pointwise();
  const before = clone(ModelProtoSchema, model);
  const remedied = equalizeLayers(model);
  expect(equals(ModelProtoSchema, model, before)).toBe(true);
  // r1 = 8, ½, 4, 0 and r2 = ½, 32, 1, 3: s = 4, ⅛, 2, and 1 for the channel that is all zero.
  const s = [4, 1 / 8, 2, 1];
  const divided = [8, 1, -2, 0.5, 0.25, 0.1, 1, -4, 1, 0, 0, 0].map(
    (w, i) => w / (s[Math.floor(i / 3)] ?? 1),
  );
  const multiplied = [0.5, 2, 1, 3, -0.25, 32, 0.5, 3].map((w, i) => w * (s[i % 4] ?? 1));
  expect(relativeError(divided, constant(remedied?.model, 'v'))).toBeLessThan(1e-6);
  expect(relativeError(multiplied, constant(remedied?.model, 'w'))).toBeLessThan(1e-6);
  expect(relativeError([0.25, 16, -1.5, 4], constant(remedied?.model, 'b'))).toBeLessThan(1e-6);
  expect(remedied?.changes).toEqual([
    {
      first: 'c_node',
      second: 'y_node',
      ratioBefore: expect.closeTo(8, 5) as number,
      ratioAfter: expect.closeTo(2, 5) as number,
    },
  ]);
  const feeds = { x: { type: 'float32' as const, dims: [1, 3, 2, 2], data: noise(12) } };
  expect(await difference(model, remedied?.model, feeds)).toBeLessThan(1e-6);
});

describe('leaves alone', () => {
  const bounds = { low: [[], [0]] as [number[], number[]], high: [[], [6]] as [number[], number[]] };
  const { graph } = pointwise();
  const constants = Object.fromEntries(graph.initializer.map((t): [string, TensorProto] => [t.name, t]));
  const conv = node('Conv', ['x', 'v', 'b'], 'c');
  const last = node('Conv', ['r', 'w'], 'y');
  test.each<[string, Partial<TinyModel>]>([
    [
      'a Clip, whose upper end may bind',
      {
        nodes: [conv, node('Clip', ['c', 'low', 'high'], 'r'), last],
        constants: { ...constants, ...bounds },
      },
    ],
    ['a Sigmoid', { nodes: [conv, node('Sigmoid', ['c'], 'r'), last] }],
    [
      'a tensor that is read twice',
      { nodes: [conv, node('Relu', ['c'], 'r'), last, node('Abs', ['r'], 'z')] },
    ],
    ['an output of the model', { outputs: ['r', 'y'] }],
    [
      'a weight that two layers share',
      { nodes: [conv, node('Relu', ['c'], 'r'), last, node('Conv', ['x', 'v'], 'z')], outputs: ['y', 'z'] },
    ],
    [
      'a bias that two layers share',
      {
        nodes: [conv, node('Relu', ['c'], 'r'), last, node('Conv', ['x', 'v2', 'b'], 'z')],
        constants: { ...constants, v2: noisy([4, 3, 1, 1]) },
      },
    ],
    [
      'a product over the last axis behind a convolution',
      { nodes: [conv, node('MatMul', ['c', 'm'], 'y')], constants: { ...constants, m: noisy([2, 4]) } },
    ],
    ['a slope that is computed', { nodes: [conv, node('PRelu', ['c', 'x'], 'r'), last] }],
  ])('%s', (_, change) => {
    expect(equalizeLayers(pointwise(change))).toBeNull();
  });

  test('channels a million times smaller than the largest', () => {
    const model = pointwise();
    const v = model.graph.initializer.find((t) => t.name === 'v');
    const values = new Float32Array(constant(model, 'v'));
    values.set([1e-20, 0, 0], 3);
    if (v) v.rawData = new Uint8Array(values.buffer);
    const after = equalizeLayers(model)?.model;
    expect(constant(after, 'v')[3]).toBe(Math.fround(1e-20));
    expect(constant(after, 'b')[1]).toBe(2);
  });
});

/** A layer that turns `from` channels into some, by kind. */
type Build = (
  tensor: string,
  from: number,
  to: number,
  id: string,
  seed: number,
) => {
  nodes: NodeProto[];
  constants: NonNullable<TinyModel['constants']>;
  output: string;
  channels: number;
};
const spread = (dims: number[], seed: number): [number[], Float32Array] => {
  const [shape, values] = noisy(dims, seed);
  // Ranges of channels differ by orders of magnitude along both axes.
  const inner = dims.slice(2).reduce((a, b) => a * b, 1);
  const [, second = 1] = dims;
  return [
    shape,
    values.map((v, i) => {
      const [a, b] = [Math.floor(i / (second * inner)), Math.floor(i / inner) % second];
      return v * 10 ** (((a * 7 + seed) % 3) - 1) * 10 ** (((b * 5 + seed) % 3) - 1);
    }),
  ];
};
const conv =
  (group: (from: number) => number, opType = 'Conv'): Build =>
  (x, from, to, id, seed) => {
    const groups = group(from);
    const channels = groups === from ? from : to;
    const dims = opType === 'Conv' ? [channels, from / groups, 3, 3] : [from, channels / groups, 3, 3];
    return {
      nodes: [node(opType, [x, `w${id}`, `b${id}`], `c${id}`, { group: groups, pads: [1, 1, 1, 1] })],
      constants: { [`w${id}`]: spread(dims, seed), [`b${id}`]: noisy([channels], seed + 50) },
      output: `c${id}`,
      channels,
    };
  };
const spatial: Record<string, Build> = {
  conv: conv(() => 1),
  depthwise: conv((from) => from),
  grouped: conv(() => 2),
  transposed: conv(() => 1, 'ConvTranspose'),
  'grouped transposed': conv(() => 2, 'ConvTranspose'),
};
const matrix: Record<string, Build> = {
  product: (x, from, to, id, seed) => ({
    nodes: [node('MatMul', [x, `w${id}`], `m${id}`), node('Add', [`b${id}`, `m${id}`], `c${id}`)],
    constants: { [`w${id}`]: spread([from, to], seed), [`b${id}`]: noisy([1, to], seed + 50) },
    output: `c${id}`,
    channels: to,
  }),
  gemm: (x, from, to, id, seed) => ({
    nodes: [node('Gemm', [x, `w${id}`, `b${id}`], `c${id}`, { transB: seed % 2 })],
    constants: {
      [`w${id}`]: spread(seed % 2 === 1 ? [to, from] : [from, to], seed),
      [`b${id}`]: noisy([to], seed + 50),
    },
    output: `c${id}`,
    channels: to,
  }),
};

function chain(kinds: Record<string, Build>, names: string[], between: string[], dims: number[]): Model {
  const nodes: NodeProto[] = [];
  const constants: NonNullable<TinyModel['constants']> = { slope: [[1], [0.2]] };
  let [tensor, channels] = ['x', dims[1] ?? 1];
  names.forEach((name, i) => {
    const built = kinds[name]?.(tensor, channels, [4, 6, 8][i % 3] ?? 4, String(i), i + 1);
    if (built === undefined) return;
    nodes.push(...built.nodes);
    Object.assign(constants, built.constants);
    ({ output: tensor, channels } = built);
    const op = between[i];
    if (op === undefined || i === names.length - 1) return;
    nodes.push(
      op === 'PRelu'
        ? node('PRelu', [tensor, 'slope'], `r${i}`)
        : node(op, [tensor], `r${i}`, op === 'AveragePool' ? { kernel_shape: [2, 2] } : {}),
    );
    tensor = `r${i}`;
  });
  return tinyModel({ inputs: { x: dims }, outputs: [tensor], constants, nodes });
}

test.each([
  { kinds: spatial, ops: ['Relu', 'LeakyRelu', 'PRelu', 'AveragePool'], dims: [1, 4, 9, 9] },
  { kinds: matrix, ops: ['Relu', 'LeakyRelu', 'PRelu'], dims: [3, 4] },
])('whatever the chain, the model computes the same, with ranges alike', async ({ kinds, ops, dims }) => {
  const layer = fc.constantFrom(...Object.keys(kinds));
  const op = fc.option(fc.constantFrom(...ops), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(
      fc.array(layer, { minLength: 2, maxLength: 4 }),
      fc.array(op, { minLength: 4, maxLength: 4 }),
      async (names, between) => {
        const model = chain(
          kinds,
          names,
          between.map((b) => b ?? 'Relu'),
          dims,
        );
        const remedied = equalizeLayers(model);
        expect(remedied?.changes).toHaveLength(names.length - 1);
        const data = noise(dims.reduce((a, b) => a * b, 1));
        const feeds = { x: { type: 'float32' as const, dims, data } };
        expect(await difference(model, remedied?.model, feeds)).toBeLessThan(1e-4);
        // A model with ranges alike is left as it is.
        const again = equalizeLayers(remedied?.model ?? model);
        const [once, twice] = [remedied?.model, again?.model].map((m) =>
          (m?.graph.initializer ?? []).flatMap((t) => Array.from(floatValues(t))),
        );
        const moved = (once ?? []).map((w, i) => Math.abs((twice?.[i] ?? NaN) - w) / (Math.abs(w) || 1));
        expect(Math.max(...moved)).toBeLessThan(0.02);
      },
    ),
    { numRuns: 25 },
  );
});

test.each([
  { name: 'ocr-cls' as const, pairs: 15 },
  { name: 'ocr-det' as const, pairs: 20 },
  { name: 'ocr-rec' as const, pairs: 3 },
  { name: 'lines' as const, pairs: 4 },
])('$name computes the same', async ({ name, pairs }) => {
  const model = zooModel(name);
  const remedied = equalizeLayers(model);
  expect(remedied?.changes).toHaveLength(pairs);
  for (const { ratioBefore, ratioAfter } of remedied?.changes ?? []) {
    expect(ratioAfter).toBeLessThanOrEqual(ratioBefore * 1.01);
  }
  const feeds = await zooFeeds(model, name);
  expect(await difference(model, remedied?.model, feeds)).toBeLessThan(2e-4);
  const written = remedied && decodeModel(encodeModel(remedied.model), name);
  expect(written?.graph.node).toHaveLength(model.graph.node.length);
});
