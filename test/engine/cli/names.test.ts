import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeModel, encodeModel } from '../../../engine/onnx/file/readModel';
import type { ModelSummary } from '../../../engine/shared/protocol/model';
import type { QuantizeResult, Report } from '../../../engine/shared/protocol/report';
import { useCli } from './useCli';
import { oddNames } from '../oddNames';
import { noise } from '../tinyModel';

const cli = useCli();
const { folder, quantscope, npz } = cli;

/** Names of the tensors and nodes of the small network, in the order in which they are given others. */
const tensors = ['x', 'c', 'r', 'f', 'y', 'w1', 'b1', 'w2'];

/** The small network with other names. */
function write(file: string, nameOf: (name: string) => string, nodeName: (i: number) => string): string {
  const model = decodeModel(readFileSync(cli.model), 'tiny.onnx');
  const { graph } = model;
  graph.initializer = graph.initializer.filter((t) => t.name !== 'shape');
  for (const each of [...graph.input, ...graph.output, ...graph.initializer]) each.name = nameOf(each.name);
  graph.node.forEach((node, i) => {
    node.name = nodeName(i);
    node.input = node.input.map(nameOf);
    node.output = node.output.map(nameOf);
  });
  const path = join(folder, file);
  writeFileSync(path, encodeModel(model));
  return path;
}

async function succeed(...parameters: string[]): Promise<string> {
  const { status, stdout, stderr } = await quantscope(...parameters);
  expect({ parameters, status, stderr }).toEqual({
    parameters,
    status: 0,
    stderr: expect.not.stringContaining('Unexpected') as string,
  });

  // Whatever the names hold, nothing of it steers the terminal.
  expect(`${stdout}${stderr}`.replaceAll('\n', '')).not.toMatch(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Surrogate}\u200b\ufeff]/u,
  );
  return stdout;
}

const reportIn = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Report;

/** Everything that a model goes through; answers what came of it, without names and times. */
async function everything(model: string, input: string, layers: readonly string[]) {
  const data = npz('named.npz', { [input]: [[20, 3, 8, 8], noise(20 * 3 * 64, 5)] });
  const file = (name: string) => join(folder, name);
  const fed = [model, '--data', data, '--calibration', 'max'];
  const looks = [
    await succeed('inspect', model),
    await succeed('lint', model, '--profile', 'x86'),
    await succeed('data', model, '--data', data),
  ];
  await succeed('analyze', ...fed, '--json', file('report.json'), '--html', file('report.html'));
  const report = reportIn(file('report.json'));
  await succeed('quantize', ...fed, '-o', file('int8.onnx'), '--write-recipe', file('made.json'));
  await succeed('quantize', ...fed, '-o', file('int8.onnx'), '--recipe', file('made.json'));
  await succeed('inspect', file('int8.onnx'));
  await succeed('plan', ...fed, '--json', file('plan.json'));
  await succeed('evaluate', file('int8.onnx'), '--against', model, '--data', data);
  for (const part of ['1/2', '2/2'])
    await succeed('calibrate', model, '--data', data, '--shard', part, '-o', file(`part${part[0] ?? ''}`));
  await succeed('merge', file('part1'), file('part2'), '-o', file('merged'));
  await succeed('analyze', ...fed, '--calibrated', file('merged'));
  expect(report.layers.map((l) => l.name).sort()).toEqual([...layers].sort());
  return {
    // A name with line ends makes none.
    lines: looks.map((text) => text.split('\n').length),
    float: report.float.score,
    layers: report.layers.map(({ score, drop, sqnrDb, inputs }) => ({
      score,
      drop,
      sqnrDb,
      max: inputs.map((i) => i.max),
    })),
    int8: report.advised.score,
  };
}

test('a network is the same whatever its tensors and nodes are called', { timeout: 600_000 }, async () => {
  const plain = await everything(
    write(
      'plain.onnx',
      (name) => name,
      (i) => `node${i}`,
    ),
    'x',
    ['node0', 'node3'],
  );
  expect(plain.layers).toHaveLength(2);
  for (let first = 0; first < oddNames.length; first += tensors.length) {
    const odd = (i: number) => oddNames[(first + i) % oddNames.length] ?? '';
    const named = (name: string) => (tensors.includes(name) ? odd(tensors.indexOf(name)) : name);
    const model = write('odd.onnx', named, (i) => odd(i + 3));
    expect(await everything(model, odd(0), [odd(3), odd(6)]), `from ${odd(0)} on`).toEqual(plain);
  }
});

test('a layer is decided by its name, whatever that is', async () => {
  const recipe = join(folder, 'odd.json');
  for (const name of oddNames) {
    const model = write(
      'decided.onnx',
      (t) => t,
      (i) => (i === 0 ? name : `node${i}`),
    );
    writeFileSync(recipe, JSON.stringify({ version: 1, layers: Object.fromEntries([[name, 'float']]) }));
    const result = join(folder, 'result.json');
    const data = ['--data', cli.data, '--samples', '4', '--calibration', 'max', '--recipe', recipe];
    await succeed('quantize', model, ...data, '-o', cli.output, '--json', result);
    const { decisions } = JSON.parse(readFileSync(result, 'utf8')) as QuantizeResult;
    expect(new Map(Object.entries(decisions.choices)).get(name), JSON.stringify(name)).toBe('float');
  }
});

test('nodes that share a name are told apart, and each is quantized', async () => {
  const model = write(
    'same.onnx',
    (t) => t,
    () => 'same',
  );
  const data = ['--data', cli.data, '--samples', '4', '--calibration', 'max'];
  expect(await succeed('inspect', model)).toMatch(/same[^]*MatMul_y/);
  const report = join(folder, 'report.json');
  await succeed('analyze', model, ...data, '--json', report);
  expect(
    reportIn(report)
      .layers.map((l) => l.name)
      .sort(),
  ).toEqual(['MatMul_y', 'same']);
  expect(await succeed('quantize', model, ...data, '-o', cli.output)).toContain('2 of 2 nodes');
});

test('a dimension may have any name too', async () => {
  for (const name of ['__proto__', 'constructor', 'two\nlines']) {
    const model = write(
      'open.onnx',
      (t) => t,
      (i) => `node${i}`,
    );
    const open = decodeModel(readFileSync(model), 'open.onnx');
    const type = open.graph.input[0]?.type?.value;
    const dim = type?.case === 'tensorType' ? type.value.shape?.dim[0] : undefined;
    if (dim !== undefined) dim.value = { case: 'dimParam', value: name };
    writeFileSync(model, encodeModel(open));
    expect(await succeed('inspect', model, '--dim', `${name}=7`)).toContain('7 × 3 × 8 × 8');
  }
});

test('as JSON a command’s answer is exact, and holds nothing that steers a terminal', async () => {
  const names = oddNames.filter((name) => name.trim() !== '');
  for (const name of names) {
    const model = write(
      'json.onnx',
      (t) => (t === 'x' ? name : t),
      () => name,
    );
    const { inputs } = JSON.parse(await succeed('inspect', model, '--json')) as ModelSummary;
    expect(inputs.map((i) => i.name)).toEqual([name]);
    const line = await succeed('inspect', model, '--progress', 'json');
    expect(line.trimEnd().split('\n')).toHaveLength(1);
    expect((JSON.parse(line) as { result: ModelSummary }).result.inputs[0]?.name).toBe(name);
  }
});

test('problems are one line each, whatever they name', async () => {
  const model = write(
    'problem.onnx',
    (t) => (t === 'w1' ? 'w\n::error::forged\u001b[2J' : t),
    () => 'node',
  );
  const broken = decodeModel(readFileSync(model), 'problem.onnx');
  broken.graph.initializer = [];
  writeFileSync(model, encodeModel(broken));
  const { status, stderr } = await quantscope('inspect', model, '--problems');
  expect(status).toBe(1);
  expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  expect(stderr).not.toMatch(/^::error/m);
  expect(stderr).not.toContain('\u001b');
});
