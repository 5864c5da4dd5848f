import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { Project } from '../../../engine/project/project';
import type { AnalyzeSettings } from '../../../engine/shared/protocol/settings';
import { adviceText, quantizedText } from '../../../engine/cli/text/reportText';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { node, noise, noisy, tinyModel, valueInfo, type TinyModel } from '../tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-measurable-'));
const COUNT = 40;
const WIDTH = 6;
let pool: WorkerPool;
beforeAll(() => {
  vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'cache'));
  pool = new WorkerPool(2);
});
afterAll(async () => {
  await pool.dispose();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const plain: Omit<TinyModel, 'inputs' | 'outputs'> = {
  constants: { w: noisy([WIDTH, 5], 1), v: noisy([5, 4], 2) },
  nodes: [node('MatMul', ['x', 'w'], 'h'), node('Relu', ['h'], 'r'), node('MatMul', ['r', 'v'], 'y')],
};

async function open(
  name: string,
  values: ArrayLike<number>,
  model: Omit<TinyModel, 'inputs' | 'outputs'> = plain,
): Promise<{ project: Project; settings: AnalyzeSettings }> {
  const [path, data] = [join(folder, `${name}.onnx`), join(folder, `${name}.npz`)];
  const made = tinyModel({ ...model, inputs: { x: ['n', WIDTH] }, outputs: ['y'] });
  made.graph.output = [valueInfo('y', null)];
  writeFileSync(path, encodeModel(made));
  const x = dump(Float32Array.from(values), [values.length / WIDTH, WIDTH]);
  writeFileSync(data, zipSync({ 'x.npy': new Uint8Array(x) }));
  const settings: AnalyzeSettings = {
    ...{ data, preset: null, samples: null, weights: 'per-channel', calibration: 'max', profile: 'auto' },
    targetDrop: 0.01,
  };
  return { project: await Project.open(path, pool), settings };
}

const spread = noise(COUNT * WIDTH, 5);
const sample = (of: (i: number, k: number) => number) =>
  Float32Array.from({ length: COUNT * WIDTH }, (_, i) => of(Math.floor(i / WIDTH), i % WIDTH));

/** Large enough that products of large values leave what floats hold. */
const steep: typeof plain = { ...plain, constants: { w: noisy([WIDTH, 5], 1, 50), v: noisy([5, 4], 2, 50) } };

/** The logits of one class are far above all others, whatever is read. */
const oneClass: typeof plain = {
  constants: { ...plain.constants, far: [[4], [50, 0, 0, 0]] },
  nodes: [...plain.nodes.slice(0, 2), node('MatMul', ['r', 'v'], 'z'), node('Add', ['z', 'far'], 'y')],
};
const random: typeof plain = {
  ...plain,
  nodes: [
    ...plain.nodes.slice(0, 2),
    node('MatMul', ['r', 'v'], 'z'),
    node('RandomNormalLike', ['z'], 'e'),
    node('Add', ['z', 'e'], 'y'),
  ],
};
const deaf: typeof plain = {
  ...plain,
  nodes: [
    ...plain.nodes.slice(0, 2),
    node('MatMul', ['r', 'v'], 'z'),
    node('Sub', ['z', 'z'], 'o'),
    node('Cos', ['o'], 'y'),
  ],
};

const cases: [string, ArrayLike<number>, typeof plain, RegExp][] = [
  ['data of zeros', sample(() => 0), plain, /^All .* hold the same values/],
  ['data of one constant', sample(() => 0.3), plain, /^All .* hold the same values/],
  ['one sample again and again', sample((_, k) => spread[k] ?? 0), plain, /^All .* hold the same values/],
  ['one value per sample', sample((i) => i / COUNT), plain, /holds one value per sample/],
  [
    'values beyond what floats hold',
    sample((i, k) => 1e38 * (spread[i * WIDTH + k] ?? 0)),
    steep,
    /NaN or infinities/,
  ],
  ['a model that ignores its input', spread, deaf, /answers the same for all/],
  ['a model that answers one class', spread, oneClass, /get the same answer .* dB \(SQNR\)/],
  ['a model that draws random numbers', spread, random, /draws random numbers/],
];

describe('not measurable, and never near to float, is', () => {
  test.each(cases)('%s', async (name, values, model, why) => {
    const { project, settings } = await open(name.replaceAll(' ', '-'), values, model);
    const report = await project.analyze(settings, {});
    const result = await project.quantize(
      { ...settings, output: join(folder, 'made.onnx'), keepFloat: [] },
      {},
    );
    for (const { verdict, meetsTarget } of [{ ...report, ...report.advised }, result]) {
      expect(verdict.kind).toBe('not-measurable');
      expect(verdict.reason).toMatch(why);
      expect(meetsTarget).toBe(false);
    }
    const reasons = report.layers.map(({ advice }) => advice.reason);
    for (const text of [adviceText(report), quantizedText(result), ...reasons]) {
      expect(text).not.toMatch(/within 1%|level with|costs nothing/);
    }
    expect(adviceText(report)).toContain('Verdict: not measurable. ');
  });
});

test('what `data` says of empty data is among the warnings', async () => {
  const { project, settings } = await open(
    'told',
    sample(() => 0),
  );
  const { warnings } = await project.analyze(settings, {});
  const summary = await project.describeData(settings);
  const said = summary.warnings.filter((w) => /same values|everywhere/.test(w));
  expect(said).toHaveLength(2);
  expect(warnings).toEqual(expect.arrayContaining(said));
});

test('samples in which float answers no numbers are named, and the others scored', async () => {
  const values = sample((i, k) => (i % 10 === 3 ? 1e38 : 1) * (spread[i * WIDTH + k] ?? 0));
  const { project, settings } = await open('some', values, steep);
  const { verdict, warnings, settings: settled } = await project.analyze(settings, {});
  expect(verdict.kind).not.toBe('not-measurable');
  const [told = ''] = warnings.filter((w) => w.startsWith('Float itself answers NaN or infinities in '));
  const left = Number(/in (\d+) samples?/.exec(told)?.[1]);
  expect(left).toBeGreaterThan(0);
  expect(settled.evaluationSamples).toBe(COUNT / 2 - left);
});

test('evaluating against float tells the verdict too', async () => {
  const { project, settings } = await open('evaluated', spread);
  const found = await project.evaluate(settings, project, {});
  expect(found.verdict?.kind).toBe('inconclusive');
  const { project: blind, settings: zeros } = await open(
    'blind',
    sample(() => 0),
  );
  const { verdict, warnings } = await blind.evaluate(zeros, blind, {});
  expect(verdict?.kind).toBe('not-measurable');
  expect(warnings.join('\n')).toContain('hold the same values');
});
