import { create } from '@bufbuild/protobuf';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorSetIdProtoSchema } from 'onnx-buf';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type Model } from '../../../engine/onnx/graph/model';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { Project } from '../../../engine/project/project';
import type { QuantizeSettings } from '../../../engine/shared/protocol/settings';
import { WorkerPool } from '../../../engine/runtime/workerPool';
import { dataFolder, npzBytes } from '../data/dataFolder';
import { npyBytes } from '../data/npyBytes';
import { int64, node, noise, noisy, tinyModel, type TinyModel } from '../tinyModel';

const pool = new WorkerPool(1);
afterAll(() => pool.dispose());

const WIDTH = 8;
const product = (input: string, weight: string, output: string) => node('MatMul', [input, weight], output);
const base = { inputs: { x: ['n', WIDTH] }, outputs: ['y'] };
const w = noisy([WIDTH, WIDTH], 1);
const v = noisy([WIDTH, WIDTH], 2);
const one = (value: number): [number[], number[]] => [[1], [value]];

function folderFor(model: Model): { folder: string; model: string; settings: QuantizeSettings } {
  const data = npyBytes({ descr: '<f4', shape: [8, WIDTH], data: noise(8 * WIDTH, 5) });
  const folder = dataFolder({ 'data.npz': npzBytes({ x: data }) });
  vi.stubEnv('QUANTSCOPE_CACHE', join(folder, 'cache'));
  const path = join(folder, 'model.onnx');
  writeFileSync(path, encodeModel(model));
  return {
    folder,
    model: path,
    settings: {
      ...{ data: join(folder, 'data.npz'), output: join(folder, 'int8.onnx'), preset: null, samples: null },
      ...{ weights: 'per-channel', calibration: 'max', profile: 'auto', targetDrop: 0.01, keepFloat: [] },
    },
  };
}

function inDomain(domain: string, opType: string): Model {
  const custom = Object.assign(node(opType, ['x'], 'c'), { domain });
  const model = tinyModel({ ...base, constants: { w }, nodes: [custom, product('c', 'w', 'y')] });
  model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain, version: 1n }));
  return model;
}

const plain = tinyModel({
  ...base,
  constants: { w, v },
  nodes: [product('x', 'w', 'a'), product('a', 'v', 'y')],
});

describe('models that are odd, but run', () => {
  const cases: Record<string, TinyModel> = {
    'weights of zeros': {
      ...base,
      constants: { w: [[WIDTH, WIDTH], new Float32Array(WIDTH ** 2)], v },
      nodes: [
        product('x', 'w', 'a'),
        product('a', 'v', 'b'),
        product('x', 'v', 'c'),
        node('Add', ['b', 'c'], 'y'),
      ],
    },
    'a constant activation': {
      ...base,
      constants: { w, v, z: one(0), k: one(3) },
      nodes: [
        product('x', 'w', 'a'),
        node('Mul', ['a', 'z'], 'm'),
        node('Add', ['m', 'k'], 'c'),
        product('c', 'v', 'b'),
        node('Add', ['a', 'b'], 'y'),
      ],
    },
    'an activation of zeros': {
      ...base,
      constants: { w, v, z: one(0) },
      nodes: [
        product('x', 'w', 'a'),
        node('Mul', ['a', 'z'], 'm'),
        product('m', 'v', 'b'),
        node('Add', ['a', 'b'], 'y'),
      ],
    },
    'subnormal weights': {
      ...base,
      constants: { w: noisy([WIDTH, WIDTH], 1, 1e-41), v },
      nodes: [product('x', 'w', 'a'), product('x', 'v', 'b'), node('Add', ['a', 'b'], 'y')],
    },
    'an output that is an input': {
      ...base,
      outputs: ['x', 'y'],
      constants: { w },
      nodes: [product('x', 'w', 'y')],
    },
    'an output that is read inside': {
      ...base,
      outputs: ['a', 'y'],
      constants: { w, v },
      nodes: [product('x', 'w', 'a'), product('a', 'v', 'y')],
    },
    'a weight that is an output': {
      ...base,
      outputs: ['w', 'y'],
      constants: { w },
      nodes: [product('x', 'w', 'y')],
    },
    'a weight that is an input': {
      ...base,
      inputs: { x: ['n', WIDTH], w: [WIDTH, WIDTH] },
      constants: { w, v },
      nodes: [product('x', 'w', 'a'), product('a', 'v', 'y')],
    },
    'an empty weight': {
      ...base,
      constants: { w: [[WIDTH, 0], []], v },
      nodes: [product('x', 'w', 'a'), product('x', 'v', 'b'), node('Concat', ['a', 'b'], 'y', { axis: 1 })],
    },
    'a sequence': {
      ...base,
      constants: { w, i: int64('i', [0], []) },
      nodes: [
        node('SequenceConstruct', ['x', 'x'], 's'),
        node('SequenceAt', ['s', 'i'], 'c'),
        product('c', 'w', 'y'),
      ],
    },
  };
  test.each(Object.entries(cases))('%s', async (_, tiny) => {
    const { model, settings } = folderFor(tinyModel(tiny));
    const { float, int8 } = await (await Project.open(model, pool)).quantize(settings, {});
    expect(int8.score).toBeGreaterThan(float.score - 0.15);
    expect(int8.integerNodes).toBeGreaterThan(0);
    const written = await Project.open(settings.output, pool);
    expect(written.summary.outputs.map((o) => o.name)).toEqual(tiny.outputs);
  });

  test('an operator of onnxruntime that it has', async () => {
    const { model, settings } = folderFor(inDomain('com.microsoft', 'Gelu'));
    const project = await Project.open(model, pool);
    expect((await project.quantize(settings, {})).int8.integerNodes).toBe(1);
    const severities = async (profile: 'x86' | 'tensorrt') =>
      (await project.lint(profile)).map((f) => f.severity);
    expect(await severities('x86')).not.toContain('refuses');
    expect(await severities('tensorrt')).toContain('refuses');
  });
});

describe('after a failure the output is what it was before', () => {
  /** The error's message; the old file must be there unchanged, and nothing beside it. */
  async function failure(
    model: Model,
    change: Partial<QuantizeSettings> = {},
    abortAt?: string,
  ): Promise<string> {
    const made = folderFor(model);
    const settings = { ...made.settings, ...change };
    if (!existsSync(settings.output)) writeFileSync(settings.output, 'as it was');
    const before = readdirSync(made.folder)
      .filter((f) => f !== 'cache')
      .sort();
    const controller = new AbortController();
    const run = {
      signal: controller.signal,
      onProgress: ({ stage }: { stage: string }) => {
        if (stage === abortAt) controller.abort();
      },
    };
    const message = await Project.open(made.model, pool).then((project) =>
      project.quantize(settings, run).then(
        () => 'it worked',
        (thrown: unknown) => String(thrown),
      ),
    );
    expect(readFileSync(settings.output, 'utf8')).toBe('as it was');
    expect(
      readdirSync(made.folder)
        .filter((f) => f !== 'cache')
        .sort(),
    ).toEqual(before);
    return message;
  }

  test('operators that onnxruntime does not have', async () => {
    expect(await failure(inDomain('my.own', 'Thing'))).toContain('my.own:Thing');
    expect(await failure(inDomain('com.microsoft', 'NoSuch'))).toContain('com.microsoft:NoSuch');
  });

  test.each([NaN, Infinity])('a weight that holds %d', async (value) => {
    const values = noise(WIDTH ** 2, 1).map((x, i) => (i === 3 ? value : x));
    const odd = tinyModel({
      ...base,
      constants: { w: [[WIDTH, WIDTH], values], v },
      nodes: [product('x', 'w', 'a'), product('x', 'v', 'b'), node('Add', ['a', 'b'], 'y')],
    });
    expect(await failure(odd)).toContain('Weight w holds NaN or infinities');
  });

  test.each(['calibrate', 'evaluate', 'quantize'])('cancelled in the stage %s', async (stage) => {
    expect(await failure(plain, {}, stage)).toMatch(/cancel/i);
  });

  test('a layer that the model does not have', async () => {
    expect(await failure(plain, { keepFloat: ['nothing'] })).toContain('no layer named nothing');
  });

  test('data that is not there', async () => {
    expect(await failure(plain, { data: '/nowhere/data.npz' })).toContain('/nowhere/data.npz');
  });
});
