import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import { int64, noise, noisy, node, tinyModel } from '../tinyModel';
import { useCli } from './useCli';

const { folder, model, data, output, npz, spawned, quantscope, expectFailure } = useCli();

test('help goes to stdout and succeeds', () => {
  const { status, stdout, stderr } = spawned('--help');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('Usage: quantscope');
});

test('a process ends with what the run came to', async () => {
  const runs = [['frobnicate'], ['inspect', join(folder, 'gone.onnx')]];
  for (const [i, parameters] of runs.entries()) {
    const own = spawned(...parameters);
    expect(own.status).toBe(2 - i);
    expect(await quantscope(...parameters)).toEqual(own);
  }
});

describe('wrong usage is 2', () => {
  test.each([
    [['--data'], ['analyze', model]],
    [['frobnicate'], ['frobnicate']],
    [['Say what to do', '--help'], []],
    [['--nope'], ['inspect', model, '--nope']],
    [
      ['kl', 'entropy'],
      ['analyze', model, '--data', data, '--calibration', 'kl'],
    ],
    [['percentile:20'], ['analyze', model, '--data', data, '--calibration', 'percentile:20']],
    [
      ['0', 'samples'],
      ['analyze', model, '--data', data, '--samples', '0'],
    ],
    [['150%'], ['analyze', model, '--data', data, '--target-drop', '150%']],
    [['per-row'], ['analyze', model, '--data', data, '--weights', 'per-row']],
    [
      ['nope', 'c_node'],
      ['quantize', model, '--data', data, '-o', output, '--keep-float', 'nope'],
    ],
    [['written over'], ['quantize', model, '--data', data, '-o', model]],
    [['--against'], ['evaluate', model, '--data', data]],
    [
      ['--shard', '--output'],
      ['analyze', model, '--data', data, '--shard', '1/2'],
    ],
    [
      ['"3/2"', '2/5'],
      ['analyze', model, '--data', data, '--shard', '3/2', '-o', output],
    ],
    [
      ['--json', 'merge'],
      ['analyze', model, '--data', data, '--shard', '1/2', '-o', output, '--json', output],
    ],
  ])('%j', (words, parameters) => expectFailure(2, words, ...parameters));
});

describe('failed work is 1, and leaves no output', () => {
  const never = join(folder, 'never.onnx');
  const nan = noise(4 * 192);
  nan[300] = NaN;
  const bad = {
    empty: () => writeFileSync(join(folder, 'empty.onnx'), ''),
    text: () => writeFileSync(join(folder, 'text.onnx'), 'a note, no model\n'),
    truncated: () => writeFileSync(join(folder, 'truncated.onnx'), readFileSync(model).subarray(0, 3000)),
  };

  test.each(Object.entries(bad))('%s model', async (name, write) => {
    write();
    const path = join(folder, `${name}.onnx`);
    await expectFailure(
      1,
      [`${name}.onnx`, 'not a readable ONNX model'],
      'quantize',
      path,
      '--data',
      data,
      '-o',
      never,
    );
    expect(existsSync(never)).toBe(false);
  });

  test.each([
    ['name', ['"x"', '"y"'], { y: [[4, 3, 8, 8], noise(4 * 192)] }],
    ['shape', ['"x"', '[1,1,8,8]', '[?,3,8,8]'], { x: [[4, 1, 8, 8], noise(4 * 64)] }],
    ['nan', ['"x"', 'NaN', 'sample 1'], { x: [[4, 3, 8, 8], nan] }],
  ] as [string, string[], Record<string, [number[], Float32Array]>][])(
    'data: %s',
    async (name, words, arrays) => {
      const path = npz(`${name}.npz`, arrays);
      await expectFailure(1, [`${name}.npz`, ...words], 'quantize', model, '--data', path, '-o', never);
      expect(existsSync(never)).toBe(false);
    },
  );

  test('a model or data that is not there', async () => {
    await expectFailure(1, ['gone.onnx'], 'inspect', join(folder, 'gone.onnx'));
    await expectFailure(1, ['gone.npz'], 'analyze', model, '--data', join(folder, 'gone.npz'));
  });

  test('a recipe that is not there, is none, or does not fit the model', async () => {
    const recipe = join(folder, 'bad.recipe.json');
    const parameters = ['analyze', model, '--data', data, '--recipe', recipe];
    await expectFailure(1, ['Cannot read the recipe', 'bad.recipe.json'], ...parameters);
    writeFileSync(recipe, '{ "version": 1,\n "layer": {} }');
    await expectFailure(2, ['bad.recipe.json:2: there is no key "layer"', 'layers'], ...parameters);
    writeFileSync(recipe, '{ "version": 1, "layers": { "Conv": "int4" } }');
    await expectFailure(2, ['(Conv) cannot be int4', 'float16'], ...parameters);
  });

  test('an output folder that is not there', async () => {
    const path = join(folder, 'no', 'where.onnx');
    await expectFailure(1, [path], 'quantize', model, '--data', data, '-o', path, '--calibration', 'max');
  });

  test('a report’s folder that is not there, or a folder in a file’s place', async () => {
    const path = join(folder, 'no', 'report.json');
    await expectFailure(1, [path], 'analyze', model, '--data', data, '--json', path);
    await expectFailure(2, [folder, 'it is a folder'], 'quantize', model, '--data', data, '-o', folder);
  });

  test('what is written in the place of the model, which is being read', async () => {
    const bytes = readFileSync(model);
    const words = [model, 'would be written over'];
    await expectFailure(2, words, 'analyze', model, '--data', data, '--json', model);
    await expectFailure(2, words, 'calibrate', model, '--data', data, '-o', model);
    await expectFailure(2, words, 'plan', model, '--data', data, '--write-recipe', model);
    await expectFailure(2, words, 'quantize', model, '--data', data, '-o', output, '--json', model);
    expect(readFileSync(model).equals(bytes)).toBe(true);
  });

  test('a model that fails only when it runs', async () => {
    const path = join(folder, 'failing.onnx');
    const failing = tinyModel({
      inputs: { x: ['n', 3, 8, 8] },
      outputs: ['y'],
      constants: { w: noisy([2, 2]), shape: int64('shape', [5, 2]) },
      nodes: [node('Reshape', ['x', 'shape'], 'r'), node('MatMul', ['r', 'w'], 'y')],
    });
    writeFileSync(path, encodeModel(failing));
    await expectFailure(1, ['onnxruntime failed', 'r_node'], 'analyze', path, '--data', data);
  });

  test('a model with nothing to quantize', async () => {
    const path = join(folder, 'relu.onnx');
    const relu = tinyModel({
      inputs: { x: ['n', 3, 8, 8] },
      outputs: ['y'],
      nodes: [node('Relu', ['x'], 'y')],
    });
    writeFileSync(path, encodeModel(relu));
    await expectFailure(1, ['Conv', 'MatMul'], 'analyze', path, '--data', data);
  });
});
