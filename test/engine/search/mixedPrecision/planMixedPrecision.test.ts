import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeModel } from '../../../../engine/onnx/file/readModel';
import { Project } from '../../../../engine/project/project';
import type { Budget } from '../../../../engine/shared/protocol/choices';
import type { TradeOff } from '../../../../engine/shared/protocol/plan';
import type { TradeOffSettings } from '../../../../engine/shared/protocol/settings';
import { parseRecipe } from '../../../../engine/recipe/parseRecipe';
import { recipeText, rulesOf } from '../../../../engine/shared/recipe/recipeText';
import { WorkerPool } from '../../../../engine/runtime/workerPool';
import { importances } from '../../../../engine/stats/orthogonality';
import { tradeOffText } from '../../../../engine/cli/text/planText';
import { node, noise, noisy, tinyModel } from '../../tinyModel';

const COUNT = 12;
const image = [4, 8, 8];
let folder: string;
let pool: WorkerPool;
let project: Project;
let settings: TradeOffSettings;
let planned: TradeOff;

/** A convolution and two products, one of which is called what objects are made of. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quantscope-trade-off-'));
  process.env['QUANTSCOPE_CACHE'] = join(folder, 'cache');
  pool = new WorkerPool(2);
  const last = node('MatMul', ['h', 'c'], 'y');
  last.name = '__proto__';
  const model = tinyModel({
    inputs: { x: ['n', ...image] },
    outputs: ['y'],
    constants: { a: noisy([8, 4, 3, 3], 1), b: noisy([288, 64], 2), c: noisy([64, 40], 3) },
    nodes: [
      node('Conv', ['x', 'a'], 'k'),
      node('Relu', ['k'], 'r'),
      node('Flatten', ['r'], 'f'),
      node('MatMul', ['f', 'b'], 'm'),
      node('Relu', ['m'], 'h'),
      last,
    ],
  });
  const path = join(folder, 'net.onnx');
  writeFileSync(path, encodeModel(model));
  const data = join(folder, 'net.npz');
  const x = dump(noise(COUNT * 256, 9), [COUNT, ...image]);
  writeFileSync(data, zipSync({ 'x.npy': new Uint8Array(x) }));
  project = await Project.open(path, pool);
  settings = {
    ...{ data, preset: null, samples: null, weights: 'per-channel', calibration: 'max', profile: 'auto' },
    ...{ targetDrop: 0.01, budgets: [], along: 'bytes', grids: ['int4-block'], by: 'noise' },
    verifyAll: false,
  };
  planned = await project.plan({ ...settings, budgets: [bytes(0.3)] }, {});
});
afterAll(async () => {
  await pool.dispose();
  rmSync(folder, { recursive: true });
});

const bytes = (limit: number): Budget => ({ resource: 'bytes', limit, isShare: true });

/** What each layer of a point is, as its costs. */
function costsOf({ layers }: TradeOff, choices: Record<string, string>) {
  return layers.flatMap((layer) => {
    const own = Object.hasOwn(choices, layer.name) ? choices[layer.name] : 'int8';
    return layer.choices.filter((c) => c.choice === own);
  });
}

/** Every network that there could be. */
function networksOf({ layers }: TradeOff) {
  return layers.reduce<TradeOff['layers'][number]['choices'][]>(
    (found, layer) => found.flatMap((head) => layer.choices.map((choice) => [...head, choice])),
    [[]],
  );
}

test('within a budget the network has the least noise of all, and keeps to it once written', () => {
  const plan = planned;
  const { layers, floatUse } = plan;
  const point = plan.points[plan.chosen];
  expect(layers.map((l) => l.choices.map((c) => c.choice))).toEqual([
    ['int8', 'float'],
    ['int8', 'int4-block', 'float'],
    ['int8', 'int4-block', 'float'],
  ]);
  const noiseOf = (list: { noise: number }[]) => list.reduce((n, c) => n + c.noise, 0);
  const sizeOf = (list: { extra: { bytes: number } }[]) =>
    list.reduce((n, c) => n + c.extra.bytes, floatUse.bytes);
  const all = networksOf(plan);
  // By a byte or two what is shared out of the operators decides: such networks count as fitting or not.
  const limit = 0.3 * floatUse.bytes;
  const best = Math.min(...all.filter((list) => sizeOf(list) < 0.97 * limit).map(noiseOf));
  expect(noiseOf(costsOf(plan, point?.choices ?? {}))).toBeLessThanOrEqual(best * 1.001);
  expect(point?.verified?.bytes).toBeLessThanOrEqual(limit * 1.001);
  expect(plan.points.length).toBeGreaterThan(2);
});

test('the recipe that it answers makes the same network', async () => {
  const plan = planned;
  const recipe = parseRecipe(recipeText(plan.recipe), 'plan.recipe.jsonc');
  const output = join(folder, 'out.onnx');
  const result = await project.quantize(
    { ...settings, recipe: rulesOf(recipe), output, keepFloat: null },
    {},
  );
  expect(result.decisions.choices).toEqual(plan.decisions.choices);
  expect(result.int8.score).toBe(plan.result.score);
  expect(readFileSync(output).length).toBeLessThan(0.45 * plan.float.bytes);
});

test('without a budget it takes the least bytes that suffice, and nothing that does not', async () => {
  const loose = await project.plan({ ...settings, targetDrop: 0.9 }, {});
  const least = Math.min(...loose.points.map((p) => p.predicted.bytes));
  expect(loose.points[loose.chosen]?.predicted.bytes).toBe(least);
  const strict = await project.plan({ ...settings, targetDrop: 1e-12 }, {});
  // All in float, or what was scored as right as that: which of those is tried depends on the times of the day.
  expect(strict.points[strict.chosen]?.verified?.drop).toBeLessThanOrEqual(0);
});

test('a prediction of everything in int8 is what was measured', async () => {
  const plan = await project.plan({ ...settings, grids: [], verifyAll: true, targetDrop: 0.9 }, {});
  const all = plan.points.find((p) => Object.keys(p.choices).length === 0);
  expect(all?.verified?.outputDb).toBeCloseTo(all?.predicted.outputDb ?? 0, 6);
  expect(all?.verified?.drop).toBeCloseTo(all?.predicted.drop ?? 0, 6);
  expect(all?.verified?.bytes).toBe(all?.predicted.bytes);
  expect(plan.points.every((p) => p.verified !== null)).toBe(true);
});

test('by orthogonality the bits go where OMPQ puts them', async () => {
  const plan = await project.plan({ ...settings, by: 'orthogonality', budgets: [bytes(0.3)] }, {});
  const { layers, floatUse } = plan;
  const important = importances(layers.map((l) => (1 - (l.orthogonality ?? NaN)) * (layers.length - 1)));
  const bits: Record<string, number> = { int8: 8, 'int4-block': 4, float: 32 };
  const worth = (list: { choice: string }[]) =>
    list.reduce((n, { choice }, i) => n + (bits[choice] ?? NaN) * (important[i] ?? NaN), 0);
  const sizeOf = (list: { extra: { bytes: number } }[]) =>
    list.reduce((n, c) => n + c.extra.bytes, floatUse.bytes);
  const fitting = networksOf(plan).filter((list) => sizeOf(list) < 0.97 * 0.3 * floatUse.bytes);
  expect(worth(costsOf(plan, plan.points[plan.chosen]?.choices ?? {}))).toBeGreaterThanOrEqual(
    Math.max(...fitting.map(worth)) * 0.999,
  );
  expect(tradeOffText(plan)).toContain('Chosen for the most orthogonality within');
});

test('what a recipe decides is not for the plan to change', async () => {
  const recipe = { layers: [{ match: 'Conv', choice: 'float' as const }], operators: [] };
  const plan = await project.plan({ ...settings, recipe, budgets: [bytes(0.35)] }, {});
  expect(plan.layers[0]?.choices.map((c) => c.choice)).toEqual(['float']);
  expect(plan.decisions.choices['k_node']).toBe('float');
});

test('a budget that cannot be kept names the least', async () => {
  await expect(project.plan({ ...settings, budgets: [bytes(0.01)] }, {})).rejects.toThrow(
    /The budget bytes = 1.0% of float cannot be kept: the least is about [\d.]+ kB/,
  );
});

test('time is not budgeted for a processor that is not there', async () => {
  // Said before anything is measured: there are no data.
  const there = { data: join(folder, 'none.npz'), profile: 'tensorrt' as const };
  const foreign = { ...settings, ...there, along: 'latency' as const };
  await expect(project.plan(foreign, {})).rejects.toThrow('Latency cannot be budgeted for tensorrt');
});

test('a terminal reads the front, the choice, and the prediction beside what was measured', () => {
  const text = tradeOffText(planned);
  expect(text).toMatch(/^\* /m);
  expect(text).toContain('Chosen for the least noise within bytes = 30.0% of float.');
  expect(text).toMatch(/Predicted: .* dB at the outputs, .* kB, /);
  expect(text).toMatch(/Measured: {2}.* dB at the outputs, .* kB, /);
  expect(text).not.toMatch(/NaN|undefined|Over budget/);
  const late = { budget: { resource: 'latency', limit: 0.5, isShare: true } as const, measured: 0.8 };
  expect(tradeOffText({ ...planned, missed: [late] })).toContain(
    'Over budget: latency = 50.0% of float, measured 80.0% of float.',
  );
});
