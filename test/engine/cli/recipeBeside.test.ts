import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { Project } from '../../../engine/project/project';
import type { QuantizeResult } from '../../../engine/shared/protocol/report';
import { resolveRecipe } from '../../../engine/language/recipe/resolveRecipe';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { noise, noisy, node, tinyModel } from '../tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-recipe-'));
const model = join(folder, 'tiny.onnx');
const beside = join(folder, 'tiny.quant.json');

/** Each in a process, and with a cache, of its own. */
function quantize(name: string, ...parameters: string[]) {
  const [output, json] = [join(folder, `${name}.onnx`), join(folder, `${name}.json`)];
  const { status, stderr } = spawnSync(
    process.execPath,
    ['dist/quantscope.js', 'quantize', model, '-o', output, '--json', json, ...parameters],
    { encoding: 'utf8', env: { ...process.env, QUANTSCOPE_CACHE: join(folder, 'cache', name) } },
  );
  const read = () => JSON.parse(readFileSync(json, 'utf8')) as QuantizeResult;
  return {
    status,
    stderr,
    read,
    hash: () => createHash('sha256').update(readFileSync(output)).digest('hex'),
  };
}

beforeAll(() => {
  const tiny = tinyModel({
    inputs: { x: ['n', 3, 8, 8] },
    outputs: ['y'],
    constants: { w1: noisy([8, 3, 3, 3]), w2: noisy([512, 64], 3), w3: noisy([64, 10], 4) },
    nodes: [
      node('Conv', ['x', 'w1'], 'c', { pads: [1, 1, 1, 1] }),
      node('Relu', ['c'], 'r'),
      node('Flatten', ['r'], 'f'),
      node('MatMul', ['f', 'w2'], 'm'),
      node('MatMul', ['m', 'w3'], 'y'),
    ],
  });
  writeFileSync(model, encodeModel(tiny));
  mkdirSync(join(folder, 'samples'));
  const values = new Uint8Array(dump(noise(20 * 3 * 64, 5), [20, 3, 8, 8]));
  writeFileSync(join(folder, 'samples', 'data.npz'), zipSync({ 'x.npy': values }));
  const recipe = `{ // ours
    "version": 1, "data": "samples/data.npz", "samples": 6, "calibration": "entropy", "targetDrop": "2%",
    "layers": { "MatMul": "int4", "y_node": "float16" },
  }`;
  writeFileSync(beside, recipe);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the recipe beside a model', () => {
  test('is found, told of, and gives the same bytes in every process', () => {
    const [one, two] = [quantize('one'), quantize('two')];
    expect([one.status, two.status], one.stderr).toEqual([0, 0]);
    expect(one.stderr).toContain('By the recipe tiny.quant.json');
    expect(one.read().settings).toMatchObject({
      ...{ data: join(folder, 'samples', 'data.npz'), samples: 6, calibration: 'entropy', targetDrop: 0.02 },
    });
    expect(one.read().decisions.choices).toMatchObject({ m_node: 'int4', y_node: 'float16' });
    expect(two.hash()).toBe(one.hash());
  }, 60_000);

  test('leaves nothing open as it is written, and gives the same bytes in every process then', () => {
    const closed = join(folder, 'closed.json');
    const first = quantize('first', '--profile', 'auto', '--write-recipe', closed);
    expect(first.status, first.stderr).toBe(0);
    const again = ['third', 'fourth'].map((name) =>
      quantize(name, '--recipe', closed, '--data', join(folder, 'samples', 'data.npz'), '--samples', '6'),
    );
    expect(again.map(({ status }) => status)).toEqual([0, 0]);
    const [third, fourth] = again;
    expect(third?.hash()).toBe(fourth?.hash());
    expect(third?.read().notebook.filter(({ step }) => step === 'latency')).toEqual([]);
  }, 60_000);

  test('comes after the command line, and can be left out', () => {
    const own = quantize('own', '--calibration', 'max', '--samples', '4');
    expect(own.read().settings).toMatchObject({ calibration: 'max', samples: 4, targetDrop: 0.02 });
    const data = join(folder, 'samples', 'data.npz');
    const without = quantize('without', '--no-recipe', '--data', data, '--calibration', 'max');
    expect(without.stderr).not.toContain('recipe');
    expect(without.read().decisions.choices).toEqual({});
    expect(quantize('nothing', '--no-recipe')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("'--data <path>' not specified") as string,
    });
  }, 60_000);

  test('names no program to run', () => {
    const named = join(folder, 'module.json');
    writeFileSync(named, '{ "version": 1, "data": "feeds.mjs" }');
    const { status, stderr } = quantize('module', '--recipe', named);
    expect([status, stderr]).toEqual([2, expect.stringContaining('Name it with --data')]);
  });
});

test('what a text decides is told rule by rule, with what is wrong', async () => {
  const pool = new WorkerPool();
  try {
    const project = await Project.open(model, pool);
    const resolve = (text: string) => resolveRecipe(project, text, beside);
    const { choices, problems, recipe } = await resolve(
      '{"version":1,"profile":"x86","data":"d","layers":{"*":"int8","gone":"float","c_node":"int4","m*":"int4"}}',
    );
    expect(recipe?.data).toBe(join(folder, 'd'));
    expect(choices).toEqual([
      ['c_node', 'int8'],
      ['m_node', 'int4'],
      ['y_node', 'int8'],
    ]);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('"gone"'),
      expect.stringContaining('cannot be int4'),
    ]);
    const left = await resolve(
      '{"version":1,"profile":"x86","layers":{"*":"int8","m*":"auto"},"operators":{"*":"float","Flatten":"auto"}}',
    );
    expect(left.choices.map(([name]) => name)).toEqual(['c_node', 'y_node']);
    expect((await resolve('{"version":1,"clips":{"c":2,"r":3}}')).problems).toMatchObject([
      { message: expect.stringMatching(/clips "c".*no activation/) as string },
    ]);
    expect((await resolve('{"version":1,"clips":{"x":2}}')).problems).toEqual([]);
    const between = await resolve('{"version":1,"profile":"x86","operators":{"*":"int8","Flatten":"float"}}');
    expect([between.problems, between.choices]).toEqual([[], []]);
    const ruled = await project.ruled.of('x86');
    expect(await project.ruled.of('x86')).toBe(ruled);
    expect((await project.ruled.of('tensorrt')).profile).toBe('tensorrt');
    const { operators } = ruled;
    expect(operators.length).toBeGreaterThan(0);
    expect(between.operators).toEqual(
      operators.map(({ name, opType }) => [name, opType === 'Flatten' ? 'float' : 'int8']),
    );
    expect(left.operators).toEqual(
      operators.filter(({ opType }) => opType !== 'Flatten').map(({ name }) => [name, 'float']),
    );
    expect(left.operators.length).toBeLessThan(operators.length);
    expect(await resolve('{')).toMatchObject({
      recipe: null,
      choices: [],
      operators: [],
      problems: [{ code: 'bad-option' }],
    });
  } finally {
    await pool.dispose();
  }
});
