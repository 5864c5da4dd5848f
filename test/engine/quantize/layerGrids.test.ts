import { dump } from 'npyjs';
import { zipSync } from 'fflate';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { elementTypeName } from '../../../engine/onnx/tensors/elements';
import { opsetOf, type Model } from '../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../engine/onnx/file/readModel';
import { Project } from '../../../engine/project/project';
import type { LayerChoice } from '../../../engine/shared/protocol/choices';
import type { QuantizeSettings } from '../../../engine/shared/protocol/settings';
import type { RecipeRules } from '../../../engine/shared/protocol/recipe';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { runNodes } from '../runtime/runNodes';
import { float, runModel } from '../runTiny';
import { noise, noisy, node, tinyModel, valueInfo } from '../tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-grids-'));
const path = join(folder, 'grids.onnx');
const output = join(folder, 'grids.int8.onnx');
const data = join(folder, 'data.npz');
const COUNT = 12;
const samples = noise(COUNT * 3 * 64, 5);
let pool: WorkerPool;

/** A convolution, then three products: with a bias behind it, with one in it, and without. */
const original = tinyModel({
  inputs: { x: ['n', 3, 8, 8] },
  outputs: ['y'],
  constants: {
    ...{ w1: noisy([8, 3, 3, 3]), b1: noisy([8], 2), w2: noisy([512, 48], 3), b2: noisy([48], 4) },
    ...{ w3: noisy([40, 48], 5), b3: noisy([40], 6), w4: noisy([40, 32], 7) },
  },
  nodes: [
    node('Conv', ['x', 'w1', 'b1'], 'c', { pads: [1, 1, 1, 1] }),
    node('Relu', ['c'], 'r'),
    node('Flatten', ['r'], 'f'),
    node('MatMul', ['f', 'w2'], 'm'),
    node('Add', ['m', 'b2'], 'a'),
    node('Relu', ['a'], 's'),
    node('Gemm', ['s', 'w3', 'b3'], 'g', { transB: 1 }),
    node('MatMul', ['g', 'w4'], 'y'),
  ],
});
original.graph.output = [valueInfo('y', ['n', 32])];

beforeAll(() => {
  vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'cache'));
  pool = new WorkerPool();
  writeFileSync(path, encodeModel(original));
  writeFileSync(data, zipSync({ 'x.npy': new Uint8Array(dump(samples, [COUNT, 3, 8, 8])) }));
});
afterAll(async () => {
  await pool.dispose();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

async function quantize(layers: Record<string, LayerChoice>, more: Partial<QuantizeSettings> = {}) {
  const rules = Object.entries(layers).map(([match, choice]) => ({ match, choice }));
  const recipe: RecipeRules = { layers: rules, operators: [] };
  const project = await Project.open(path, pool);
  const result = await project.quantize(
    {
      ...{ data, preset: null, samples: null, weights: 'per-channel', calibration: 'max', profile: 'auto' },
      ...{ targetDrop: 0.5, output, keepFloat: [], recipe, ...more },
    },
    {},
  );
  const model = decodeModel(new Uint8Array(readFileSync(output)), output);
  return { result, model };
}

/** Signal to noise of what a model answers, in dB, against the float model. */
async function sqnr(model: Model): Promise<number> {
  let [signal, noiseSum] = [0, 0];
  for (let i = 0; i < COUNT; i++) {
    const x = { x: float([1, 3, 8, 8], samples.slice(i * 192, (i + 1) * 192)) };
    const [want, got] = [(await runModel(original, x))['y']?.data, (await runModel(model, x))['y']?.data];
    for (let k = 0; k < 32; k++) {
      signal += Number(want?.[k]) ** 2;
      noiseSum += (Number(want?.[k]) - Number(got?.[k])) ** 2;
    }
  }
  return 10 * Math.log10(signal / noiseSum);
}

const typesOf = ({ graph }: Model) => graph.initializer.map((t) => elementTypeName(t.dataType));
async function operatorsOf(model: Model): Promise<string[]> {
  return (await runNodes(model)).map((n) => `${n.opType} ${n.kind}`);
}

const floats = { '*': 'float' } as const;

describe('a layer alone on a grid', () => {
  // Even noise in ±a rounded to 2^b steps keeps 6 dB for each bit: some 45 dB for 8, 21 for 4, whichever of the two is coarser.
  test.each<[LayerChoice, string, string[], [low: number, high: number], string[]]>([
    ['int8', 'y_node', ['int8', 'uint8'], [38, 50], ['MatMulIntegerToFloat integer']],
    ['uint8', 'm_node', ['uint8'], [38, 50], []],
    ['int16', 'm_node', ['uint16', 'int8'], [38, 55], []],
    ['int4', 'm_node', ['int4'], [14, 25], []],
    ['int4', 'y_node', ['int4'], [14, 25], ['MatMulNBits integer']],
    ['int4-block', 'm_node', ['uint8'], [17, 28], ['MatMulNBits integer']],
    ['dynamic', 'm_node', ['int8'], [38, 50], ['DynamicQuantizeMatMul integer']],
    ['float16', 'm_node', ['float16'], [60, 90], []],
    ['int16', 'c_node', ['uint16', 'int8'], [38, 55], []],
    ['float16', '*', ['float16'], [60, 90], []],
    ['int4', 'g_node', ['int4'], [14, 25], []],
    ['int4-block', 'g_node', ['uint8'], [17, 28], ['MatMulNBits integer']],
    ['dynamic', 'g_node', ['int8'], [38, 50], ['DynamicQuantizeMatMul integer']],
    ['int16', 'g_node', ['uint16', 'int8'], [38, 55], []],
    ['int8-weights', '*', ['int8'], [38, 52], ['FusedConv float', 'FusedGemm float', 'MatMulNBits integer']],
  ])('%s for %s', async (choice, match, types, [low, high], nodes) => {
    const { result, model } = await quantize({ ...floats, [match]: choice });
    expect(typesOf(model)).toEqual(expect.arrayContaining(types));
    const found = await sqnr(model);
    expect(found).toBeGreaterThan(low);
    expect(found).toBeLessThan(high);
    const run = await operatorsOf(model);
    expect(run).toEqual(expect.arrayContaining(nodes));
    if (choice === 'float16') expect(result.keepFloat).toContain('m_node');
    else expect(result.keepFloat).not.toContain(match);
  });
});

test('finer activations, and a block of weights with a scale of its own, lose less', async () => {
  const of = async (choice: LayerChoice) => sqnr((await quantize({ ...floats, m_node: choice })).model);
  expect(await of('int16')).toBeGreaterThan((await of('int8')) + 0.5);
  expect(await of('int4-block')).toBeGreaterThan((await of('int4')) + 0.5);
});

test('grids are mixed in one model, and only what needs a newer operator set gets one', async () => {
  const mixed = await quantize({
    c_node: 'int8',
    m_node: 'int4-block',
    g_node: 'dynamic',
    y_node: 'float16',
  });
  expect(opsetOf(mixed.model)).toBe(17);
  expect(await operatorsOf(mixed.model)).toEqual(
    expect.arrayContaining(['QLinearConv integer', 'MatMulNBits integer', 'DynamicQuantizeMatMul integer']),
  );
  expect(typesOf(mixed.model)).toContain('float16');
  expect(await sqnr(mixed.model)).toBeGreaterThan(17);
  expect(mixed.result.decisions.choices).toEqual({
    ...{ m_node: 'int4-block', g_node: 'dynamic', y_node: 'float16' },
  });
  const newer = await quantize({ c_node: 'int8', m_node: 'int4', g_node: 'int16', y_node: 'int8' });
  expect([opsetOf(newer.model), newer.model.irVersion]).toEqual([21, 10n]);
  expect(await operatorsOf(newer.model)).toContain('QLinearConv integer');
  expect(await sqnr(newer.model)).toBeGreaterThan(14);
});

test('a tensor is read in 16 bits by one layer and in 8 by another', async () => {
  const forked = tinyModel({
    inputs: { x: ['n', 32] },
    outputs: ['y'],
    constants: { v: noisy([32, 32], 1), w: noisy([32, 8], 2), u: noisy([32, 8], 3) },
    nodes: [
      node('MatMul', ['x', 'v'], 'h'),
      node('MatMul', ['h', 'w'], 'a'),
      node('MatMul', ['h', 'u'], 'b'),
      node('Add', ['a', 'b'], 'y'),
    ],
  });
  const file = join(folder, 'forked.onnx');
  const values = join(folder, 'forked.npz');
  writeFileSync(file, encodeModel(forked));
  writeFileSync(values, zipSync({ 'x.npy': new Uint8Array(dump(noise(12 * 32, 5), [12, 32])) }));
  const project = await Project.open(file, pool);
  const recipe = {
    layers: [
      { match: 'h_node', choice: 'float' },
      { match: 'a_node', choice: 'int16' },
    ],
    operators: [],
  };
  await project.quantize(
    {
      ...{
        data: values,
        preset: null,
        samples: null,
        weights: 'per-channel',
        calibration: 'max',
        profile: 'x86',
      },
      ...{ targetDrop: 0.5, output, keepFloat: [], recipe: recipe as RecipeRules },
    },
    {},
  );
  const { graph } = decodeModel(new Uint8Array(readFileSync(output)), output);
  const made = new Map(graph.node.flatMap((n) => n.output.map((o) => [o, n] as const)));
  const constants = new Map(graph.initializer.map((t) => [t.name, t]));
  const typeRead = (name: string) => {
    const reader = graph.node.find((n) => n.name === name);
    const grid = made.get(reader?.input[0] ?? '');
    const quantizer = made.get(grid?.input[0] ?? '');
    expect([quantizer?.opType, grid?.opType, quantizer?.input[0]]).toEqual([
      'QuantizeLinear',
      'DequantizeLinear',
      'h',
    ]);
    return elementTypeName(constants.get(grid?.input[2] ?? '')?.dataType ?? 0);
  };
  expect([typeRead('a_node'), typeRead('b_node')]).toEqual(['uint16', 'uint8']);
});

test('what the recipe says stands, and the workflow chooses only the rest', async () => {
  const { result } = await quantize(
    { m_node: 'int4', c_node: 'int8' },
    { keepFloat: null, targetDrop: 0.0001 },
  );
  expect(result.decisions.choices['m_node']).toBe('int4');
  expect(result.decisions.choices['c_node']).toBeUndefined();
  expect(result.keepFloat).toEqual(expect.not.arrayContaining(['c_node', 'm_node']));
  const kept = await quantize({ g_node: 'dynamic' }, { calibration: 'mixed', keepFloat: ['m_node'] });
  expect(kept.result.decisions.choices).toEqual({ g_node: 'dynamic', m_node: 'float' });
});

test('the recipe of what was decided makes the same network', async () => {
  const first = await quantize(
    { m_node: 'int4-block' },
    { calibration: 'auto', keepFloat: null, targetDrop: 0.001 },
  );
  const { recipe } = first.result;
  expect(recipe.layers[0]).toEqual({ match: '*', choice: 'int8' });
  const again = await quantize(
    {},
    { recipe, calibration: recipe.calibration ?? 'auto', keepFloat: null, targetDrop: 0.001 },
  );
  const bare = ({ model }: typeof first) => Buffer.from(encodeModel({ ...model, metadataProps: [] }));
  expect(bare(again).equals(bare(first))).toBe(true);
  expect(again.result.decisions).toEqual(first.result.decisions);
  expect(again.result.recipe).toEqual(recipe);
  const other = await quantize({ m_node: 'int4' }, { calibration: 'max' });
  expect(bare(other).equals(bare(first))).toBe(false);
});

test('weights beyond halves are refused by name', async () => {
  const large = tinyModel({
    inputs: { x: ['n', 64] },
    outputs: ['y'],
    constants: { w: [[64, 32], noise(64 * 32, 1).map((v) => v * 1e6)] },
    nodes: [node('MatMul', ['x', 'w'], 'y')],
  });
  const file = join(folder, 'large.onnx');
  const values = join(folder, 'large.npz');
  writeFileSync(file, encodeModel(large));
  writeFileSync(values, zipSync({ 'x.npy': new Uint8Array(dump(noise(12 * 64, 5), [12, 64])) }));
  const project = await Project.open(file, pool);
  const recipe: RecipeRules = { layers: [{ match: 'y_node', choice: 'float16' }], operators: [] };
  const settings = {
    data: values,
    preset: null,
    samples: null,
    weights: 'per-channel',
    calibration: 'max',
  } as const;
  await expect(
    project.quantize({ ...settings, profile: 'auto', targetDrop: 0.5, output, keepFloat: [], recipe }, {}),
  ).rejects.toThrow('Layer y_node cannot be float16: its weight w holds values beyond 65504');
});
