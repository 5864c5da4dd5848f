import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { exposeTensors } from '../../../engine/onnx/graph/addGraphOutputs';
import { type Model } from '../../../engine/onnx/graph/model';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { Project } from '../../../engine/project/project';
import type { AnalyzeSettings } from '../../../engine/shared/protocol/settings';
import type { HistogramData } from '../../../engine/shared/protocol/report';
import type { RemediedInputs } from '../../../engine/shared/protocol/layerDetail';
import type { RemedyName, TensorClip } from '../../../engine/shared/protocol/choices';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { npzBytes } from '../data/dataFolder';
import { npyBytes } from '../data/npyBytes';
import { float, runModel } from '../runTiny';
import { node, noise, noisy, tinyModel } from '../tinyModel';

const pool = new WorkerPool(2);
const folder = mkdtempSync(join(tmpdir(), 'quantscope-remedied-'));
afterAll(async () => {
  await pool.dispose();
  rmSync(folder, { recursive: true });
});

const COUNT = 8;
const DIMS = [COUNT, 4, 12, 12];
const VALUES = noise(COUNT * 4 * 144, 5);
const CHANNELS = 8;

beforeAll(() => {
  vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'cache'));
  writeFileSync(
    join(folder, 'data.npz'),
    npzBytes({ x: npyBytes({ descr: '<f4', shape: DIMS, data: VALUES }) }),
  );
});

/** Analyzes a model with these remedies. */
async function analyzed(name: string, model: Model, remedies: RemedyName[], ...clips: TensorClip[]) {
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, encodeModel(model));
  const project = await Project.open(path, pool);
  const settings: AnalyzeSettings = {
    ...{ data: join(folder, 'data.npz'), preset: null, samples: null },
    ...{ weights: 'per-channel', calibration: 'max', profile: 'x86', targetDrop: 0.5 },
    recipe: { layers: [], operators: [], remedies, clips },
  };
  const report = await project.analyze(settings, {});
  expect(report.decisions.remedies).toEqual(remedies);
  return { project, settings, report };
}

/** The same, and asks what a layer reads before and after them. */
async function ask(
  name: string,
  model: Model,
  remedies: RemedyName[],
  layer: string,
  ...clips: TensorClip[]
): Promise<RemediedInputs & { network: unknown }> {
  const { project, settings, report } = await analyzed(name, model, remedies, ...clips);
  const network = report.notebook.find(({ step }) => step === 'remedy')?.network;
  return { ...(await project.detail.remediedInputs({ settings, layer }, report, {})), network };
}

/** Values of a tensor in the float model, sample by sample, as the report's bins count them. */
function count(values: readonly number[], binWidth: number): Map<number, number> {
  const bins = new Map<number, number>();
  for (const value of values) {
    const bin = value < 0 ? -1 - Math.floor(-value / binWidth) : Math.floor(value / binWidth);
    bins.set(bin, (bins.get(bin) ?? 0) + 1);
  }
  return bins;
}

function countsOf({ positive, negative }: HistogramData): Map<number, number> {
  const all = [...positive.map((n, i) => [i, n] as const), ...negative.map((n, i) => [-1 - i, n] as const)];
  return new Map(all.filter(([, n]) => n > 0));
}

/** The share of values that are in another bin: a rounding apart some lie on either side of an edge. */
function moved(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): number {
  const total = [...a.values()].reduce((x, y) => x + y, 0);
  const bins = new Set([...a.keys(), ...b.keys()]);
  return [...bins].reduce((sum, bin) => sum + Math.abs((a.get(bin) ?? 0) - (b.get(bin) ?? 0)), 0) / total;
}

async function valuesOf(model: Model, tensor: string): Promise<number[]> {
  const { model: exposed } = exposeTensors(model, [tensor]);
  const all: number[] = [];
  const size = VALUES.length / COUNT;
  for (let i = 0; i < COUNT; i++) {
    const feed = float([1, ...DIMS.slice(1)], VALUES.slice(i * size, (i + 1) * size));
    const { [tensor]: found } = await runModel(exposed, { x: feed }, [tensor]);
    all.push(...Array.from(found?.data ?? [], Number));
  }
  return all;
}

describe('equalized layers', () => {
  const each = 4 * 9;
  const first = noise(CHANNELS * each, 1).map((w, i) => (Math.floor(i / each) === 5 ? 40 * w : w));
  const second = noise(4 * CHANNELS * 9, 2);
  const chain = tinyModel({
    inputs: { x: ['n', 4, 12, 12] },
    outputs: ['y'],
    constants: { w1: [[CHANNELS, 4, 3, 3], first], w2: [[4, CHANNELS, 3, 3], second] },
    nodes: [node('Conv', ['x', 'w1'], 'c'), node('Relu', ['c'], 'r'), node('Conv', ['r', 'w2'], 'y')],
  });
  /** √(r1 / r2) of each channel between the two. */
  const factors = Array.from({ length: CHANNELS }, (_, c) => {
    const most = (weights: Float32Array, channel: (i: number) => number) =>
      Math.max(...weights.filter((_, i) => channel(i) === c).map(Math.abs));
    const own = most(first, (i) => Math.floor(i / each));
    return Math.sqrt(own / most(second, (i) => Math.floor(i / 9) % CHANNELS));
  });

  test('are counted as the equalized model makes them', async () => {
    const { inputs, network, ...rest } = await ask('chain', chain, ['equalize'], 'y_node');
    expect(network).toEqual({ remedies: ['equalize'], weights: 'per-channel' });
    expect(rest).toEqual({ layer: 'y_node', remedies: ['equalize'], samples: COUNT });
    const [input] = inputs;
    const [after] = input?.after ?? [];
    if (input === undefined || after === undefined) throw new Error('Nothing was changed.');
    const { before } = input;
    const values = await valuesOf(chain, 'r');
    const scaled = values.map((v, i) => v / (factors[Math.floor(i / 100) % CHANNELS] ?? 1));
    for (const [found, own] of [
      [before, values],
      [after, scaled],
    ] as const) {
      expect(found.tensor).toBe('r');
      expect(found.max / Math.max(...own)).toBeCloseTo(1, 4);
      // A Relu's grid of max ends where the values do.
      expect(found.clip).toBe(found.max);
      const counts = countsOf(found.histogram);
      expect([...counts.values()].reduce((a, b) => a + b, 0)).toBe(own.length);
      expect(moved(counts, count(own, found.histogram.binWidth))).toBeLessThan(0.005);
    }
    expect(after.max).toBeLessThan(before.max / 3);
    expect(moved(countsOf(after.histogram), count(values, after.histogram.binWidth))).toBeGreaterThan(0.1);
  });

  test('scale a decided clip along', async () => {
    const { inputs } = await ask('clipped', chain, ['equalize'], 'y_node', ['r', 2]);
    const [change] = inputs;
    const [after] = change?.after ?? [];
    expect(change?.before).toMatchObject({ clip: 2, decided: 2 });
    const times = (after?.max ?? 0) / (change?.before.max ?? 1);
    expect(after?.clip).toBeCloseTo(2 * times, 6);
    expect(after?.decided).toBe(after?.clip);
  });

  test('are the same without and with remedies of weights, whichever network is made first', async () => {
    const remedies: RemedyName[] = ['equalize', 'correct-bias'];
    const { project, settings, report } = await analyzed('biased', chain, remedies);
    const asked = { settings, layer: 'y_node' };
    const first = await project.detail.remediedInputs(asked, report, {});
    const { alone } = await project.detail.scatter(asked, report, {});
    expect(alone.sqnrDb).toBeGreaterThan(0);
    const again = await project.detail.remediedInputs(asked, report, {});
    expect(again).toEqual(first);
    expect(first.remedies).toEqual(['equalize']);
    expect(first.inputs[0]?.after).toHaveLength(1);
  });

  test('leave alone what comes before them', async () => {
    const { inputs } = await ask('before', chain, ['equalize'], 'c_node');
    expect(inputs).toMatchObject([{ before: { tensor: 'x' }, after: [] }]);
  });
});

test('a GELU’s clip is limited, and its values stay', async () => {
  const wide = noise(CHANNELS * 36, 3).map((w) => 20 * w);
  const model = tinyModel({
    inputs: { x: ['n', 4, 12, 12] },
    outputs: ['y'],
    constants: {
      ...{ w1: [[CHANNELS, 4, 3, 3], wide], w2: noisy([4, CHANNELS, 3, 3], 4) },
      ...{ root2: [[], [Math.SQRT2]], one: [[], [1]], half: [[], [0.5]] },
    },
    nodes: [
      node('Conv', ['x', 'w1'], 'c'),
      node('Div', ['c', 'root2'], 'd'),
      node('Erf', ['d'], 'e'),
      node('Add', ['e', 'one'], 'a'),
      node('Mul', ['c', 'half'], 'h'),
      node('Mul', ['h', 'a'], 'g'),
      node('Conv', ['g', 'w2'], 'y'),
    ],
  });
  const { inputs } = await ask('gelu', model, ['gelu10'], 'y_node');
  const [change] = inputs;
  const [after] = change?.after ?? [];
  expect(change?.before.max).toBeGreaterThan(20);
  expect(change?.before.clip).toBe(change?.before.max);
  expect(after).toEqual({ ...change?.before, clip: 10 });
});

test('a depthwise convolution in parts reads a tensor for each of them', async () => {
  // Channels 0 to 3 reach a hundredth as far as the others.
  const uneven = noise(CHANNELS * 4, 6).map((w, i) => (Math.floor(i / 4) < 4 ? 0.05 * w : 5 * w));
  const model = tinyModel({
    inputs: { x: ['n', 4, 12, 12] },
    outputs: ['y'],
    constants: {
      ...{ w1: [[CHANNELS, 4, 1, 1], uneven], w2: noisy([CHANNELS, 1, 3, 3], 7) },
      w3: noisy([4, CHANNELS, 1, 1], 8),
    },
    nodes: [
      node('Conv', ['x', 'w1'], 'c'),
      node('Relu', ['c'], 'r'),
      node('Conv', ['r', 'w2'], 'd', { group: CHANNELS }),
      node('Relu', ['d'], 's'),
      node('Conv', ['s', 'w3'], 'y'),
    ],
  });
  const { inputs } = await ask('split', model, ['split-depthwise'], 'd_node');
  const [change] = inputs;
  const after = change?.after ?? [];
  expect(after.map(({ tensor }) => tensor)).toEqual(['r_part0', 'r_part1']);
  const values = await valuesOf(model, 'r');
  const channelOf = (i: number) => Math.floor(i / 144) % CHANNELS;
  const halves = [0, 1].map((half) => values.filter((_, i) => channelOf(i) < 4 === (half === 0)));
  after.forEach((part, i) => {
    const own = halves[i] ?? [];
    expect(part.max / Math.max(...own)).toBeCloseTo(1, 4);
    expect(moved(countsOf(part.histogram), count(own, part.histogram.binWidth))).toBeLessThan(0.005);
  });
});
