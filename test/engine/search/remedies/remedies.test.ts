import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Model } from '../../../../engine/onnx/graph/model';
import { decodeModel, encodeModel } from '../../../../engine/onnx/file/readModel';
import { Project } from '../../../../engine/project/project';
import type { LayerChoice, ProfileName, RemedyName } from '../../../../engine/shared/protocol/choices';
import type { QuantizeResult } from '../../../../engine/shared/protocol/report';
import type { RecipeRules } from '../../../../engine/shared/protocol/recipe';
import { layerGrids } from '../../../../engine/quantize/layerGrids';
import { WorkerPool } from '../../../../engine/runtime/workerPool';
import { float, runModel } from '../../runTiny';
import { node, noise, noisy, tinyModel, valueInfo } from '../../tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-remedies-'));
const COUNT = 16;
const picture = [4, 8, 8];
/** Pictures that lean on three, as real ones have much in common: what their weights' rounding may cancel in. */
const bases = noise(3 * 256, 5);
const parts = noise(COUNT * 3, 6);
const samples = noise(COUNT * 256, 7).map(
  (x, i) =>
    0.1 * x +
    [0, 1, 2].reduce(
      (sum, b) => sum + (parts[3 * Math.floor(i / 256) + b] ?? 0) * (bases[256 * b + (i % 256)] ?? 0),
      0,
    ),
);
let pool: WorkerPool;
beforeAll(() => {
  vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'cache'));
  pool = new WorkerPool(2);
  writeFileSync(
    join(folder, 'x.npz'),
    zipSync({ 'x.npy': new Uint8Array(dump(samples, [COUNT, ...picture])) }),
  );
});
afterAll(async () => {
  await pool.dispose();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Weights of [channels, inner] whose channels reach from one to a hundred times as far. */
function uneven(dims: [number, ...number[]], seed: number): [number[], number[]] {
  const [channels, ...rest] = dims;
  const inner = rest.reduce((a, b) => a * b, 1);
  const values = noise(channels * inner, seed);
  return [dims, Array.from(values, (w, i) => w * 100 ** (Math.floor(i / inner) / (channels - 1)))];
}

/** Something to do for every remedy where all is in int8: convolutions, a depthwise one between, a GELU, and products of matrices. */
const original = tinyModel({
  inputs: { x: ['n', ...picture] },
  outputs: ['y'],
  constants: {
    ...{ w1: uneven([8, 4, 1, 1], 1), b1: noisy([8], 2), d: noisy([8, 1, 3, 3], 3), bd: noisy([8], 4) },
    ...{ w2: noisy([4, 8, 1, 1], 5), b2: noisy([4], 6), root2: [[], [Math.SQRT2]], one: [[], [1]] },
    ...{
      half: [[], [0.5]],
      m: noisy([144, 40], 7),
      a: noisy([40], 8),
      g: noisy([48, 40], 9),
      c: noisy([48], 10),
    },
    last: noisy([48, 16], 11),
  },
  nodes: [
    node('Conv', ['x', 'w1', 'b1'], 'c1'),
    node('Relu', ['c1'], 'r1'),
    node('Conv', ['r1', 'd', 'bd'], 'c2', { group: 8 }),
    node('Relu', ['c2'], 'r2'),
    node('Conv', ['r2', 'w2', 'b2'], 'c3'),
    node('Div', ['c3', 'root2'], 'g1'),
    node('Erf', ['g1'], 'g2'),
    node('Add', ['g2', 'one'], 'g3'),
    node('Mul', ['c3', 'half'], 'g4'),
    node('Mul', ['g4', 'g3'], 'gelu'),
    node('Flatten', ['gelu'], 'f'),
    node('MatMul', ['f', 'm'], 'p'),
    node('Add', ['p', 'a'], 'q'),
    node('Relu', ['q'], 's'),
    node('Gemm', ['s', 'g', 'c'], 't', { transB: 1 }),
    node('MatMul', ['t', 'last'], 'y'),
  ],
});
original.graph.output = [valueInfo('y', ['n', 16])];

interface Made {
  result: QuantizeResult;
  model: Model;
  /** Without what is written about it. */
  bytes: Uint8Array;
}

async function quantized(
  choice: LayerChoice,
  remedies: RemedyName[],
  profile: ProfileName,
  operators: RecipeRules['operators'] = [],
): Promise<Made> {
  const [path, output] = ['float', 'int8'].map((name) => join(folder, `${name}.onnx`)) as [string, string];
  writeFileSync(path, encodeModel(original));
  const project = await Project.open(path, pool);
  const result = await project.quantize(
    {
      ...{
        data: join(folder, 'x.npz'),
        preset: null,
        samples: null,
        weights: 'per-channel',
        calibration: 'max',
      },
      ...{ profile, targetDrop: 0.5, output, keepFloat: [], reproducible: true },
      recipe: { layers: [{ match: '*', choice }], operators, remedies },
    },
    {},
  );
  const model = decodeModel(new Uint8Array(readFileSync(output)), output);
  model.metadataProps = [];
  return { result, model, bytes: encodeModel(model) };
}

/** Signal to noise of what a model answers, in dB, by running it. */
async function sqnr(model: Model): Promise<number> {
  const x = { x: float([COUNT, ...picture], samples) };
  const [want, got] = await Promise.all([runModel(original, x), runModel(model, x)]);
  let [signal, noiseSum] = [0, 0];
  Array.from(want['y']?.data ?? [], Number).forEach((w, i) => {
    signal += w * w;
    noiseSum += (w - Number(got['y']?.data[i])) ** 2;
  });
  return 10 * Math.log10(signal / noiseSum);
}

const names: RemedyName[] = ['equalize', 'split-depthwise', 'gelu10', 'round', 'correct-bias'];
const choices: LayerChoice[] = [...(Object.keys(layerGrids) as LayerChoice[]), 'float', 'float16'];

// Its weights take 7 bits on some grids, and 8 on others.
const profile = 'x86-avx2';

describe('a decided remedy', () => {
  test.each(choices)('changes the network in %s, or the result says why not', async (choice) => {
    const plain = await quantized(choice, [], profile);
    for (const name of names) {
      const { result, bytes } = await quantized(choice, [name], profile);
      const isChanged = Buffer.compare(bytes, plain.bytes) !== 0;
      const said = result.warnings.filter((w) => w.startsWith(`The remedy "${name}" changes nothing here. `));
      expect([name, isChanged, said.length]).toEqual([name, isChanged, isChanged ? 0 : 1]);
      expect([name, result.decisions.remedies]).toEqual([name, isChanged ? [name] : []]);
    }
  });
});

describe('remedies that fit weights to their grid', () => {
  // Rounding and mean errors are all that they can mend: where 8 or 16 bits of activations make most of the noise, little.
  test.each([
    ['int8', 0],
    ['uint8', 0],
    ['int16', 0],
    ['int8-weights', 2],
    ['dynamic', 0],
    ['int4', 3],
    ['int4-block', 3],
  ] as const)('lose less in %s', async (choice, least) => {
    const between: RecipeRules['operators'] = [{ match: '*', choice: 'float' }];
    const plain = await quantized(choice, [], 'x86', between);
    const mended = await quantized(choice, ['round', 'correct-bias'], 'x86', between);
    expect(mended.result.decisions.remedies).toEqual(['round', 'correct-bias']);
    expect(await sqnr(mended.model)).toBeGreaterThan((await sqnr(plain.model)) + least);
  });

  test('beside one that finds nothing to do are taken all the same', async () => {
    const { result, bytes } = await quantized('int16', ['gelu10', 'round'], 'x86');
    expect(result.decisions.remedies).toEqual(['round']);
    expect(result.warnings.join('\n')).toContain('The remedy "gelu10" changes nothing here. ');
    expect(result.notebook.filter((e) => e.step === 'remedy').map((e) => e.tried)).toEqual([
      'Weights rounded together',
    ]);
    expect(bytes).toEqual((await quantized('int16', ['round'], 'x86')).bytes);
  });
});
