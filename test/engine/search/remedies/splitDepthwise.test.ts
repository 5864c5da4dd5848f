import { clone, equals } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ModelProtoSchema, type NodeProto } from 'onnx-buf';
import { afterAll, describe, expect, test } from 'vitest';
import type { SampleSource } from '../../../../engine/data/samples/dataset';
import { findLayers } from '../../../../engine/onnx/layers/layers';
import { type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import type { Tensor } from '../../../../engine/onnx/tensors/tensor';
import { groupChannels } from '../../../../engine/search/remedies/groupChannels';
import { splitDepthwise, splittableTensors } from '../../../../engine/search/remedies/splitDepthwise';
import { WorkerPool } from '../../../../engine/runtime/workerPool';
import { channelRanges } from '../../../../engine/search/remedies/channelRanges';
import { float, relativeError, runModel } from '../../runTiny';
import { node, noise, noisy, tinyModel, type TinyModel } from '../../tinyModel';
import { zooFeeds, zooModel, type ZooName } from '../../zooModels';

const pool = new WorkerPool(2);
afterAll(() => pool.dispose());

const range = (widths: number[]) => ({
  min: new Float64Array(widths.length),
  max: Float64Array.from(widths),
});

describe('groups of channels', () => {
  test('are those of like range, the narrow ones first', () => {
    expect(groupChannels(range([1, 100, 1.1, 90, 10, 11]), 4)).toEqual([
      [0, 2],
      [4, 5],
      [3, 1],
    ]);
  });

  test('are one where ranges are alike, or none is wide', () => {
    expect(groupChannels(range([1, 1.1, 1.2]), 4)).toEqual([[0, 1, 2]]);
    expect(groupChannels(range([0, 0]), 4)).toEqual([[0, 1]]);
  });

  test('count what is on either side of zero', () => {
    // Each 1 wide, together 2: both would lose a bit.
    const both = { min: Float64Array.of(-1, 0), max: Float64Array.of(0, 1) };
    expect(groupChannels(both, 4)).toEqual([[0], [1]]);
    expect(groupChannels({ min: both.min.fill(0), max: both.max.fill(1) }, 4)).toEqual([[0, 1]]);
  });

  test('lose no more bits than any other cuts of the sorted channels', () => {
    const widths = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(widths, (w) => {
        const lost = (group: number[]) => {
          const most = Math.max(...group.map((c) => w[c] ?? 0));
          return group.reduce((sum, c) => sum + Math.log2(most / (w[c] ?? 1)), 0);
        };
        const groups = groupChannels(range(w), 3);
        expect(groups.flat().sort((a, b) => a - b)).toEqual([...w.keys()]);
        const sorted = [...w.keys()].sort((a, b) => (w[a] ?? 0) - (w[b] ?? 0));
        let least = Infinity;
        for (let i = 0; i <= w.length; i++)
          for (let j = i; j <= w.length; j++) {
            const cut = [sorted.slice(0, i), sorted.slice(i, j), sorted.slice(j)].filter((g) => g.length > 0);
            if (cut.length <= groups.length)
              least = Math.min(
                least,
                cut.reduce((sum, g) => sum + lost(g), 0),
              );
          }
        expect(groups.reduce((sum, g) => sum + lost(g), 0)).toBeCloseTo(least, 6);
      }),
    );
  });

  test('of many channels are cut at eights', () => {
    const groups = groupChannels(range(Array.from({ length: 96 }, (_, c) => 2 ** (c / 6))), 4);
    expect(groups).toHaveLength(4);
    for (const group of groups) expect(group.length % 8).toBe(0);
  });
});

const low: [number[], number[]] = [[], [0]];
const functions: Record<string, (x: string, y: string) => NodeProto[]> = {
  nothing: () => [],
  Relu: (x, y) => [node('Relu', [x], y)],
  Clip: (x, y) => [node('Clip', [x, 'low', 'six'], y)],
  HardSwish: (x, y) => [
    node('Add', [x, 'three'], `${y}a`),
    node('Clip', [`${y}a`, 'low', 'six'], `${y}c`),
    node('Mul', [x, `${y}c`], `${y}m`),
    node('Div', [`${y}m`, 'six'], y),
  ],
};

/** x → Conv c → f → depthwise d → g → Conv y. */
function chain(first = 'Relu', second = 'nothing', change: Partial<TinyModel> = {}): Model {
  const [f, g] = [functions[first]?.('c', 'f') ?? [], functions[second]?.('d', 'g') ?? []];
  // Channel ranges of 1, 10 and 100 in turn.
  const [dims, values] = noisy([12, 4, 1, 1], 3);
  return tinyModel({
    inputs: { x: [1, 4, 7, 7] },
    outputs: ['y'],
    constants: {
      wc: [dims, values.map((v, i) => v * 10 ** (Math.floor(i / 4) % 3))],
      bc: noisy([12], 4),
      wd: noisy([12, 1, 3, 3], 5),
      bd: noisy([12], 6),
      wy: noisy([5, 12, 3, 3], 7),
      ...{ low, six: [[], [6]], three: [[], [3]] },
    },
    nodes: [
      node('Conv', ['x', 'wc', 'bc'], 'c'),
      ...f,
      node('Conv', [f.length > 0 ? 'f' : 'c', 'wd', 'bd'], 'd', {
        group: 12,
        strides: [2, 2],
        pads: [1, 1, 1, 1],
      }),
      ...g,
      node('Conv', [g.length > 0 ? 'g' : 'd', 'wy'], 'y'),
    ],
    ...change,
  });
}

const x = float([1, 4, 7, 7], noise(196));
const one = (feeds: Record<string, Tensor>): SampleSource => ({
  length: 1,
  load: () => Promise.resolve({ name: '#0', feeds, truth: null }),
});

async function splitBy(model: Model, feeds: Record<string, Tensor>) {
  const ranges = await channelRanges(pool, model, splittableTensors(model.graph), one(feeds));
  return { ranges, remedied: splitDepthwise(model, ranges) };
}

async function difference(a: Model, b: Model, feeds: Record<string, Tensor>) {
  const [was, is] = [await runModel(a, feeds), await runModel(b, feeds)];
  return Math.max(
    ...Object.entries(was).map(([name, { data }]) =>
      relativeError(Array.from(data, Number), Array.from(is[name]?.data ?? [], Number)),
    ),
  );
}

const pairs = Object.keys(functions).flatMap((f) => Object.keys(functions).map((g) => [f, g] as const));
test.each(pairs)(
  'with %s before and %s behind, the model computes the same in parts',
  async (first, second) => {
    const model = chain(first, second);
    const before = clone(ModelProtoSchema, model);
    const { remedied } = await splitBy(model, { x });
    expect(equals(ModelProtoSchema, model, before)).toBe(true);
    const [change] = remedied?.changes ?? [];
    expect(change).toMatchObject({ before: 'c_node', depthwise: 'd_node', behind: 'y_node' });
    expect(change?.groups.reduce((a, b) => a + b)).toBe(12);
    const split = remedied?.model ?? model;
    const parts = change?.groups.length ?? 0;
    expect(parts).toBeGreaterThan(1);
    expect(findLayers(split.graph)).toHaveLength(2 * parts + 1);
    expect(await difference(model, split, { x })).toBeLessThan(1e-5);
    // The weights from before are gone.
    const bytes = ({ graph }: Model) =>
      graph.initializer.filter((t) => t.dims.length > 0).reduce((n, t) => n + t.rawData.length, 0);
    expect(bytes(split)).toBe(bytes(model));
  },
);

test('a part’s channels have like ranges, so that each keeps more bits', async () => {
  const model = chain('Relu', 'Relu');
  const { ranges, remedied } = await splitBy(model, { x });
  const split = remedied?.model ?? model;
  const tensors = new Map(
    findLayers(split.graph)
      .filter((l) => l.name.startsWith('d_node'))
      .map((l) => [l.activations[0] ?? '', Number(l.weight?.dims[0])]),
  );
  const parts = await channelRanges(pool, split, tensors, one({ x }));
  const all = [...parts.values()].flatMap((p) => Array.from(p.max));
  expect(all.sort((a, b) => a - b)).toEqual(Array.from(ranges.get('f')?.max ?? []).sort((a, b) => a - b));
  const worst = (max: Float64Array) => Math.max(...max) / Math.min(...max.filter((m) => m > 0));
  const whole = worst(ranges.get('f')?.max ?? new Float64Array(0));
  for (const { max } of parts.values()) expect(worst(max)).toBeLessThan(whole / 5);
});

test('one split behind another: the Conv between is both', async () => {
  const model = chain('Relu', 'Relu');
  const more = tinyModel({
    inputs: { x: [1, 4, 7, 7] },
    outputs: ['q'],
    constants: {
      ...Object.fromEntries(model.graph.initializer.map((t) => [t.name, t])),
      wp: [
        [5, 1, 1, 1],
        [1, 30, 900, 1, 30],
      ],
      wq: noisy([2, 5, 1, 1]),
    },
    nodes: [
      ...model.graph.node,
      node('Conv', ['y', 'wp'], 'p', { group: 5 }),
      node('Conv', ['p', 'wq'], 'q'),
    ],
  });
  const ranges = await channelRanges(pool, more, splittableTensors(more.graph), one({ x }));
  ranges.set('y', range([1, 30, 900, 1, 30]));
  const remedied = splitDepthwise(more, ranges);
  expect(remedied?.changes.map((c) => c.depthwise)).toEqual(['d_node', 'p_node']);
  expect(await difference(more, remedied?.model ?? more, { x })).toBeLessThan(1e-5);
});

describe('leaves alone', () => {
  const usual = chain('Relu', 'nothing').graph.node;
  test.each<[string, Partial<TinyModel>]>([
    [
      'a result that something else reads',
      { nodes: [...usual, node('Abs', ['d'], 'z')], outputs: ['y', 'z'] },
    ],
    [
      'an input that something else reads',
      { nodes: [...usual, node('Abs', ['f'], 'z')], outputs: ['y', 'z'] },
    ],
    ['an output of the model', { outputs: ['d', 'y'] }],
    [
      'a squeeze and excitation',
      {
        nodes: usual.flatMap((n) =>
          n.name === 'y_node'
            ? [
                node('GlobalAveragePool', ['d'], 's'),
                node('Mul', ['d', 's'], 'm'),
                node('Conv', ['m', 'wy'], 'y'),
              ]
            : [n],
        ),
      },
    ],
  ])('%s', (_, change) => {
    expect(splittableTensors(chain('Relu', 'nothing', change).graph)).toEqual(new Map());
  });

  test('what was not measured', () => {
    expect(splitDepthwise(chain(), new Map())).toBeNull();
    expect(splitDepthwise(chain(), new Map([['f', range([1, 100])]]))).toBeNull();
  });
});

test.each<{ name: ZooName; sites: number; split: number }>([
  { name: 'lines', sites: 7, split: 1 },
  { name: 'ocr-cls', sites: 2, split: 2 },
  { name: 'ocr-rec', sites: 12, split: 12 },
  { name: 'ocr-det', sites: 10, split: 10 },
])('$name computes the same', async ({ name, sites, split }) => {
  const model = zooModel(name);
  const feeds = await zooFeeds(model, name);
  const { ranges, remedied } = await splitBy(model, feeds);
  expect(ranges.size).toBe(sites);
  expect(remedied?.changes).toHaveLength(split);
  const written = decodeModel(encodeModel(remedied?.model ?? model), name);
  expect(await difference(model, written, feeds)).toBeLessThan(1e-4);
});
