import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { floatValues } from '../../../engine/onnx/tensors/elements';
import { decodeModel, encodeModel } from '../../../engine/onnx/file/readModel';
import { Project } from '../../../engine/project/project';
import type { AnalyzeSettings } from '../../../engine/shared/protocol/settings';
import type { RecipeRules } from '../../../engine/shared/protocol/recipe';
import type { RemedyName, TensorClip } from '../../../engine/shared/protocol/choices';
import type { Report } from '../../../engine/shared/protocol/report';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { npzBytes } from '../data/dataFolder';
import { npyBytes } from '../data/npyBytes';
import { node, noise, noisy, tinyModel } from '../tinyModel';

const pool = new WorkerPool(2);
const folder = mkdtempSync(join(tmpdir(), 'quantscope-trials-'));
afterAll(async () => {
  await pool.dispose();
  rmSync(folder, { recursive: true });
});

const COUNT = 8;
const SIZE = 3 * 16 * 16;

/** Two convolutions with a pool between them, and a product of activations. */
const model = tinyModel({
  inputs: { x: ['n', 3, 16, 16] },
  outputs: ['y'],
  constants: { w1: noisy([16, 3, 3, 3], 1), w2: noisy([16, 16, 3, 3], 2), w3: noisy([64, 8], 3) },
  nodes: [
    node('Conv', ['x', 'w1'], 'a', { pads: [1, 1, 1, 1] }),
    node('MaxPool', ['a'], 'p', { kernel_shape: [2, 2], strides: [2, 2] }),
    node('Conv', ['p', 'w2'], 'c', { strides: [4, 4], pads: [1, 1, 1, 1] }),
    node('Flatten', ['c'], 'f'),
    node('MatMul', ['f', 'w3'], 'y'),
  ],
});

const x = npyBytes({ descr: '<f4', shape: [COUNT, 3, 16, 16], data: noise(COUNT * SIZE, 5) });
const settings: AnalyzeSettings = {
  ...{ data: join(folder, 'data.npz'), preset: null, samples: null },
  ...{ weights: 'per-channel', calibration: 'max', profile: 'x86', targetDrop: 0.5 },
};
let project: Project;
let report: Report;

beforeAll(async () => {
  vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'cache'));
  writeFileSync(join(folder, 'data.npz'), npzBytes({ x }));
  const path = join(folder, 'model.onnx');
  writeFileSync(path, encodeModel(model));
  project = await Project.open(path, pool);
  report = await project.analyze(settings, {});
});

function withClips(...clips: TensorClip[]): AnalyzeSettings & { recipe: RecipeRules } {
  return { ...settings, recipe: { layers: [], operators: [], clips } };
}

async function write(...clips: TensorClip[]) {
  return writeOf(project, withClips(...clips));
}

async function writeOf(of: Project, own: AnalyzeSettings) {
  const output = join(folder, 'written.onnx');
  const result = await of.quantize({ ...own, output, keepFloat: [] }, {});
  const { graph } = decodeModel(readFileSync(output), output);
  /** The scale that the tensor is quantized by. */
  const scaleOf = (tensor: string) => {
    const scale = graph.initializer.find((t) => t.name === `${tensor}_scale`);
    return scale === undefined ? undefined : floatValues(scale)[0];
  };
  return { result, scaleOf };
}

describe('a decided clip', () => {
  test('is the range that its tensor is quantized by', async () => {
    const plain = await write();
    const { result, scaleOf } = await write(['x', 0.5]);
    expect(plain.scaleOf('x')).toBeCloseTo(2 / 255, 3);
    // Signed values: from −0.5 to 0.5.
    expect(scaleOf('x')).toBe(Math.fround(1 / 255));
    expect(result.recipe.clips).toEqual([['x', 0.5]]);
    expect(result.decisions.clips).toEqual([['x', 0.5]]);
    expect(plain.result.decisions).not.toHaveProperty('clips');
  });

  test('for what was only moved is that of where it was made', async () => {
    const { scaleOf } = await write(['p', 0.75]);
    expect(scaleOf('a')).toBe(Math.fround(1.5 / 255));
    const both = await write(['p', 0.75], ['a', 0.5]);
    expect(both.scaleOf('a')).toBe(Math.fround(1 / 255));
  });

  test('is scaled with its tensor where layers are equalized', async () => {
    const uneven = noise(16 * 27, 1).map((w, i) => (Math.floor(i / 27) === 5 ? 40 * w : w));
    const chain = tinyModel({
      inputs: { x: ['n', 3, 16, 16] },
      outputs: ['y'],
      constants: { w1: [[16, 3, 3, 3], uneven], w2: noisy([4, 16, 3, 3], 2) },
      nodes: [node('Conv', ['x', 'w1'], 'c'), node('Relu', ['c'], 'r'), node('Conv', ['r', 'w2'], 'y')],
    });
    const path = join(folder, 'chain.onnx');
    writeFileSync(path, encodeModel(chain));
    const own = await Project.open(path, pool);
    const scale = async (remedies: RemedyName[], ...clips: TensorClip[]) => {
      const recipe = { layers: [], operators: [], remedies, clips };
      return (await writeOf(own, { ...settings, recipe })).scaleOf('r') ?? NaN;
    };
    const [plain, equalized] = [await scale([]), await scale(['equalize'])];
    expect(equalized).toBeLessThan(plain / 2);
    const half = (255 * plain) / 2;
    expect(await scale([], ['r', half])).toBeCloseTo(plain / 2, 6);
    expect(await scale(['equalize'], ['r', half])).toBeCloseTo(equalized / 2, 6);
  });

  test('is in the report of an analysis with it', async () => {
    const { layers, decisions } = await project.analyze(withClips(['x', 0.5]), {});
    expect(layers[0]?.inputs[0]).toMatchObject({ tensor: 'x', decided: 0.5 });
    expect(layers[1]?.inputs[0]).not.toHaveProperty('decided');
    expect(decisions.clips).toEqual([['x', 0.5]]);
    report = await project.analyze(settings, {});
  });

  test.each<[TensorClip, string]>([
    [['nothing', 1], 'clips "nothing", which is no activation'],
    [['w1', 1], 'clips "w1", which is no activation'],
    [['x', 0], '0 is no clip for tensor "x"'],
    [['x', Infinity], 'Infinity is no clip'],
  ])('refuses %j', async (clip, said) => {
    await expect(project.analyze(withClips(clip), {})).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining(said) as string,
    });
  });
});

describe('trying a clip', () => {
  const ask = (over: object = {}) =>
    project.detail.tryClip(
      { settings, layer: 'a_node', tensor: 'x', clip: 0.5, samples: null, ...over },
      report,
      {},
    );

  test('scores the network that the same clip in a recipe makes', async () => {
    const trial = await ask();
    const { result } = await write(['x', 0.5]);
    expect(trial.advised?.tried.score).toBeCloseTo(result.int8.score, 6);
    expect(trial.advised?.used.score).toBeCloseTo(report.advised.score, 6);
    expect(trial.advised?.tried.drop).toBeGreaterThan(trial.advised?.used.drop ?? 0);
    expect(trial).toMatchObject({ used: report.layers[0]?.inputs[0]?.clips['max'], allSamples: COUNT });
  });

  test('scores the layer alone as the analysis did', async () => {
    const { alone, sqnrDb, samples } = await ask();
    const [layer] = report.layers;
    expect(samples).toBe(COUNT);
    expect(alone.used.score).toBeCloseTo(layer?.score ?? 0, 5);
    expect(alone.used.outputDb).toBeCloseTo(layer?.outputDb ?? 0, 3);
    expect(sqnrDb.used).toBeCloseTo(layer?.sqnrDb ?? 0, 4);
    // Half of evenly spread values are cut by a third of their magnitude on average.
    expect(sqnrDb.tried).toBeLessThan(15);
  });

  test('takes some of the samples, and only the others after that', async () => {
    const steps: number[] = [];
    const onProgress = ({ total }: { total: number }) => steps.push(total);
    const asked = { settings, layer: 'a_node', tensor: 'x', clip: 0.7 };
    const some = await project.detail.tryClip({ ...asked, samples: 3 }, report, { onProgress });
    expect([some.samples, some.allSamples]).toEqual([3, COUNT]);
    const first = steps.length;
    await project.detail.tryClip({ ...asked, samples: null }, report, { onProgress });
    expect(Math.max(...steps.slice(first))).toBe(2 * (COUNT - 3));
  });

  test('has the other decisions of the recipe in the network', async () => {
    const own = withClips(['x', 0.5], ['f', 0.1]);
    const { used, advised } = await ask({ settings: own, clip: 0.5 });
    expect(used).toBe(0.5);
    expect(advised?.tried.score).toBeCloseTo(advised?.used.score ?? 0, 9);
    const { result } = await write(['x', 0.5], ['f', 0.1]);
    expect(advised?.used.score).toBeCloseTo(result.int8.score, 6);
    expect(result.int8.score).not.toBe((await write(['x', 0.5])).result.int8.score);
  });

  test('says so where the advised network does not quantize the tensor', async () => {
    const layers = ['a_node'].map((match) => ({ match, choice: 'float' as const }));
    const recipe = { layers, operators: [{ match: '*', choice: 'float' as const }] };
    expect((await ask({ settings: { ...settings, recipe } })).advised).toBeNull();
  });

  test.each([
    [{ layer: 'none' }, 'bad-option', 'no layer named none'],
    [{ tensor: 'y' }, 'bad-option', 'does not read a tensor "y"'],
    [{ clip: -1 }, 'bad-option', '-1 is no clip'],
    [{ settings: { ...settings, data: '/nowhere/data.npz' } }, 'not-found', '/nowhere/data.npz'],
  ])('refuses %j', async (over, code, said) => {
    await expect(ask(over)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(said) as string,
    });
  });

  test('needs an analysis', async () => {
    const asked = { settings, layer: 'a_node', tensor: 'x', clip: 1, samples: null };
    await expect(project.detail.tryClip(asked, null, {})).rejects.toMatchObject({ code: 'bad-option' });
  });

  test('ends when it is cancelled', async () => {
    const cancel = new AbortController();
    const asked = { settings, layer: 'a_node', tensor: 'x', clip: 0.31, samples: null };
    const onProgress = () => cancel.abort();
    await expect(
      project.detail.tryClip(asked, report, { onProgress, signal: cancel.signal }),
    ).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('outputs in int8 against float', () => {
  test('are counted in squares, with the noise that was measured', async () => {
    const { alone, net, ...scatter } = await project.detail.scatter(
      { settings, layer: 'c_node' },
      report,
      {},
    );
    const [, layer] = report.layers;
    expect(scatter).toMatchObject({ tensor: 'c', samples: COUNT, values: COUNT * 64, counted: COUNT * 64 });
    for (const { counts } of [alone, net ?? alone]) {
      expect(counts).toHaveLength(scatter.bins ** 2);
      expect(counts.reduce((a, b) => a + b)).toBe(scatter.counted);
    }
    expect(alone.sqnrDb).toBeCloseTo(layer?.sqnrDb ?? 0, 1);
    expect(net?.sqnrDb).toBeCloseTo(layer?.pathDb ?? 0, 1);
    // Rounding moves hardly any value by more than a square.
    const far = alone.counts.reduce((sum, n, i) => {
      const [y, x] = [Math.floor(i / scatter.bins), i % scatter.bins];
      return Math.abs(x - y) > 2 ? sum + n : sum;
    }, 0);
    expect(far / scatter.counted).toBeLessThan(0.01);
  });

  test('are told from the float ones by the axis that they are on', async () => {
    // A clip that cuts everything: all int8 values are small, the float ones are not.
    const own = withClips(['p', 1e-3]);
    const { alone, bins, low, high } = await project.detail.scatter(
      { settings: own, layer: 'c_node' },
      report,
      {},
    );
    const zero = Math.floor(((0 - low) / (high - low)) * bins);
    const [rows, columns] = [new Set<number>(), new Set<number>()];
    alone.counts.forEach((n, i) => {
      if (n === 0) return;
      rows.add(Math.floor(i / bins));
      columns.add(i % bins);
    });
    expect([...rows].every((row) => Math.abs(row - zero) <= 1)).toBe(true);
    expect(columns.size).toBeGreaterThan(bins / 2);
  });
});
