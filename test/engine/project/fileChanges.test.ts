import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'npyjs';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { writeModelFile } from '../../../engine/onnx/file/writeModel';
import { Project } from '../../../engine/project/project';
import type { Run } from '../../../engine/common/run';
import type { AnalyzeSettings } from '../../../engine/shared/protocol/settings';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { node, noise, noisy, tinyModel } from '../tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-changes-'));
const [model, data, output] = [join(folder, 'tiny.onnx'), join(folder, 'data'), join(folder, 'out.onnx')];
const settings: AnalyzeSettings = {
  ...{ data, preset: null, samples: null, weights: 'per-channel', calibration: 'max' },
  ...{ profile: 'auto', targetDrop: 0.5 },
};
const pool = new WorkerPool();

const tiny = (seed = 1) =>
  tinyModel({
    inputs: { x: ['n', 16] },
    outputs: ['y'],
    constants: { w: noisy([16, 64], seed), v: noisy([64, 4], seed + 1) },
    nodes: [node('MatMul', ['x', 'w'], 'h'), node('MatMul', ['h', 'v'], 'y')],
  });
const npy = (seed: number) => new Uint8Array(dump(noise(16, seed), [1, 16]));

beforeAll(() => {
  vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'cache'));
  mkdirSync(data);
});
beforeEach(() => {
  writeFileSync(model, encodeModel(tiny()));
  for (let i = 0; i < 12; i++) writeFileSync(join(data, `${i + 10}.npy`), npy(i + 1));
});
afterAll(async () => {
  await pool.dispose();
  rmSync(folder, { recursive: true });
});

/** Runs what changes a file, once, when the float model is being scored: all has been read by then. */
const during = (change: () => void): Run => {
  let isDone = false;
  return {
    onProgress: ({ stage }) => {
      if (isDone || stage !== 'evaluate') return;
      isDone = true;
      change();
    },
  };
};

const replaced = () => {
  writeFileSync(join(folder, 'other'), encodeModel(tiny(5)));
  renameSync(join(folder, 'other'), model);
  utimesSync(model, 1e9, 1e9);
};

const works: [string, (project: Project, run: Run) => Promise<{ warnings: string[] }>][] = [
  ['an analysis', (project, run) => project.analyze(settings, run)],
  ['a quantization', (project, run) => project.quantize({ ...settings, output, keepFloat: [] }, run)],
  [
    'a plan',
    (project, run) =>
      project.plan(
        { ...settings, budgets: [], along: 'bytes', grids: ['int4-block'], by: 'noise', verifyAll: false },
        run,
      ),
  ],
  ['a score', async (project, run) => project.evaluate(settings, await Project.open(model, pool), run)],
];

const aboutChanges = ({ warnings }: { warnings: string[] }) =>
  warnings.filter((warning) => warning.includes('changed during the run'));

test.each(works)('%s tells of a model that was replaced meanwhile', async (_, work) => {
  const result = await work(await Project.open(model, pool), during(replaced));
  const own = 'tiny.onnx changed during the run: the result is of the model as it was before.';
  expect(new Set(aboutChanges(result))).toEqual(new Set([own]));
});

test.each(works)('%s tells of samples that changed meanwhile, by name', async (_, work) => {
  const change = () => {
    for (const i of [10, 11, 12, 13]) writeFileSync(join(data, `${i}.npy`), npy(i + 50));
    for (const i of [10, 11, 12, 13]) utimesSync(join(data, `${i}.npy`), 1e9, 1e9);
  };
  const result = await work(await Project.open(model, pool), during(change));
  expect(aboutChanges(result)).toEqual([
    expect.stringContaining('(10.npy, 11.npy, 12.npy and 1 other file)') as string,
  ]);
});

test.each(works)('%s tells of nothing where nothing that it reads changed', async (_, work) => {
  const change = () => {
    writeFileSync(join(data, 'note.txt'), 'no sample');
    writeFileSync(join(folder, 'elsewhere.npy'), npy(1));
  };
  expect(aboutChanges(await work(await Project.open(model, pool), during(change)))).toEqual([]);
});

test('weights beside a model are part of it', async () => {
  const large = join(folder, 'large.onnx');
  await writeModelFile(large, tiny(), undefined, 100);
  const touch = () => utimesSync(`${large}.data`, 1e9, 1e9);
  const result = await (
    await Project.open(large, pool)
  ).evaluate(settings, await Project.open(model, pool), during(touch));
  expect(aboutChanges(result)).toEqual([expect.stringMatching(/^large\.onnx\.data changed/)]);
});
