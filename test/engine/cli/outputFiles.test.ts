import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { dump } from 'npyjs';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { readModelFile } from '../../../engine/onnx/file/readModel';
import { writeModelFile } from '../../../engine/onnx/file/writeModel';
import { noise } from '../tinyModel';
import { useCli } from './useCli';

const { folder, model, data, output, spawned, quantscope, expectFailure } = useCli();

const at = (...names: string[]) => join(folder, ...names);
const [external, samples, manifest] = [at('external', 'm.onnx'), at('samples'), at('manifest')];
const [recipe, calibrated, report] = [at('my.recipe.json'), at('tiny.calibration'), at('other.json')];
const parts = [at('1.part.gz'), at('2.part.gz')];
const max = ['--calibration', 'max'];

beforeAll(async () => {
  for (const each of [samples, join(samples, 'deep'), manifest, dirname(external)]) mkdirSync(each);
  const npy = (seed: number) => new Uint8Array(dump(noise(192, seed), [1, 3, 8, 8]));
  for (const [i, path] of [join(samples, 'a.npy'), join(samples, 'deep', 'b.npy')].entries())
    writeFileSync(path, npy(i + 1));
  for (const [i, name] of ['c.npy', 'd.npy'].entries()) writeFileSync(join(manifest, name), npy(i + 3));
  writeFileSync(join(manifest, 'letters.txt'), 'x\n');
  const said = {
    version: 1,
    samples: { folder: '.' },
    metric: 'agreement',
    alphabet: { file: 'letters.txt' },
  };
  writeFileSync(join(manifest, 'quantscope.json'), JSON.stringify(said));
  writeFileSync(join(manifest, 'notes.json'), '{}');
  writeFileSync(recipe, '{ "version": 1, "calibration": "max" }');
  await writeModelFile(external, (await readModelFile(model)).model, undefined, 1000);
  copyFileSync(model, at('tiny.copy.onnx'));
  expect((await quantscope('calibrate', model, '--data', data, '-o', calibrated)).status).toBe(0);
  for (const [i, part] of parts.entries()) {
    const shard = ['--shard', `${i + 1}/2`];
    expect((await quantscope('calibrate', model, '--data', data, '-o', part, ...shard)).status).toBe(0);
  }
  const analysis = ['analyze', model, '--data', data, ...max, '--samples', '2', '--json', report];
  expect((await quantscope(...analysis)).status).toBe(0);
}, 60_000);

/** What a command reads, and what it says before the option that names an output. */
const reading: [what: string, read: () => string, words: string[]][] = [
  ['the model', () => model, ['quantize', model, '--data', data]],
  ['the weights beside a model', () => `${external}.data`, ['quantize', external, '--data', data]],
  ['an npz file', () => data, ['quantize', model, '--data', data]],
  ['a sample of a folder', () => join(samples, 'a.npy'), ['quantize', model, '--data', samples]],
  ['a sample deep in it', () => join(samples, 'deep', 'b.npy'), ['quantize', model, '--data', samples]],
  ['a manifest', () => join(manifest, 'quantscope.json'), ['quantize', model, '--data', manifest]],
  ['a sample of a manifest', () => join(manifest, 'c.npy'), ['quantize', model, '--data', manifest]],
  ['its alphabet', () => join(manifest, 'letters.txt'), ['quantize', model, '--data', manifest]],
  ['a recipe', () => recipe, ['quantize', model, '--data', data, '--recipe', recipe]],
  ['a calibration', () => calibrated, ['quantize', model, '--data', data, '--calibrated', calibrated]],
];

/** Other names for one file. */
const names: [string, (path: string) => string][] = [
  ['its own name', (path) => path],
  ['a path with dots', (path) => `${dirname(path)}/../${basename(dirname(path))}/./${basename(path)}`],
  [
    'a symbolic link',
    (path) => {
      rmSync(at('soft'), { force: true });
      symlinkSync(path, at('soft'));
      return at('soft');
    },
  ],
  [
    'a link to its folder',
    (path) => {
      rmSync(at('door'), { force: true });
      symlinkSync(dirname(path), at('door'));
      return join(at('door'), basename(path));
    },
  ],
  [
    'a hard link',
    (path) => {
      rmSync(at('hard'), { force: true });
      linkSync(path, at('hard'));
      return at('hard');
    },
  ],
];

describe.each(reading)('%s is not written over', (_, read, words) => {
  test.each(names)('by %s', async (_name, other) => {
    const before = readFileSync(read());
    const path = other(read());
    const outputs = [
      ['-o', path],
      ['-o', output, '--json', path],
      ['-o', output, '--write-recipe', path],
    ];
    for (const each of outputs)
      await expectFailure(2, [resolve(path), 'would be written over'], ...words, ...max, ...each);
    expect(readFileSync(read()).equals(before)).toBe(true);
  });
});

const source = ['--data', data];
const others: [string, () => string, (path: string) => string[]][] = [
  ['data by a page', () => data, (to) => ['analyze', model, ...source, '--html', to]],
  ['data by a part', () => data, (to) => ['analyze', model, ...source, '--shard', '1/2', '-o', to]],
  ['data by a plan', () => data, (to) => ['plan', model, ...source, '--json', to]],
  ['data by a calibration', () => data, (to) => ['calibrate', model, ...source, '-o', to]],
  ['data by a score', () => data, (to) => ['evaluate', model, '--against', model, ...source, '--json', to]],
  ['data by demo', () => data, (to) => ['demo', model, data, '-o', to]],
  [
    'the other model of a score',
    () => at('tiny.copy.onnx'),
    (to) => ['evaluate', model, '--against', at('tiny.copy.onnx'), ...source, '--json', to],
  ],
  [
    'a report that is compared',
    () => report,
    (to) => ['analyze', model, ...source, '--html', to, '--compare', report],
  ],
  ['a part of a calibration', () => parts[1] ?? '', (to) => ['merge', ...parts, '-o', to]],
  [
    'a recipe by one that is written',
    () => recipe,
    (to) => ['plan', model, ...source, '--recipe', recipe, '--write-recipe', to],
  ],
];

test.each(others)('%s is not written over', async (_, read, words) => {
  const before = readFileSync(read());
  for (const [, other] of names) {
    const path = other(read());
    await expectFailure(2, [resolve(path), 'would be written over'], ...words(path));
  }
  expect(readFileSync(read()).equals(before)).toBe(true);
});

test('the recipe beside a model is kept, unless a recipe is written there that was not read', async () => {
  const beside = at('tiny.quant.json');
  const text = '{ "version": 1, "calibration": "max" }';
  writeFileSync(beside, text);
  const common = [model, '--data', data, '--samples', '2'];
  try {
    const words = [beside, 'would be written over', 'the recipe of the model'];
    await expectFailure(2, words, 'calibrate', ...common, '-o', beside);
    await expectFailure(2, words, 'quantize', ...common, '--no-recipe', '-o', output, '--json', beside);
    // Which is read is told on stderr first.
    const own = await quantscope('quantize', ...common, '-o', output, '--write-recipe', beside);
    expect([own.status, own.stderr]).toEqual([2, expect.stringContaining('would be written over')]);
    expect(readFileSync(beside, 'utf8')).toBe(text);
    const anew = ['quantize', ...common, ...max, '--no-recipe', '-o', output, '--write-recipe', beside];
    expect((await quantscope(...anew)).status).toBe(0);
    expect(readFileSync(beside, 'utf8')).toContain('"layers"');
  } finally {
    rmSync(beside);
  }
});

test('two outputs are never one file', async () => {
  const words = ['quantize', model, '--data', data];
  const both = [at('both'), 'would be written over', '--output', '--json'];
  await expectFailure(2, both, ...words, '-o', at('both'), '--json', at('both'));
  await expectFailure(2, [at('both.data')], ...words, '-o', at('both'), '--json', at('both.data'));
  symlinkSync(at('both'), at('same'));
  await expectFailure(2, [at('same')], ...words, '-o', at('both'), '--json', at('same'));
  await expectFailure(
    2,
    ['--json', '--html'],
    'analyze',
    model,
    '--data',
    data,
    '--json',
    at('b'),
    '--html',
    at('b'),
  );
  await expectFailure(
    2,
    ['--write-recipe'],
    ...words,
    '-o',
    at('c'),
    '--json',
    at('d'),
    '--write-recipe',
    at('d'),
  );
  writeFileSync(at('here'), '');
  linkSync(at('here'), at('there'));
  await expectFailure(2, [at('there')], ...words, '-o', at('here'), '--json', at('there'));
  expect(existsSync(at('both'))).toBe(false);
});

test('into the folder of the data goes what is no sample', async () => {
  const [made, json] = [join(manifest, 'made.onnx'), join(manifest, 'notes.json')];
  const { status, stderr } = await quantscope(
    ...['quantize', model, '--data', manifest, ...max, '-o', made, '--json', json],
  );
  expect([status, stderr]).toEqual([0, '']);
  expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ warnings: expect.any(Array) as unknown });
  expect(readFileSync(json, 'utf8')).not.toContain('changed during the run');
});

describe.skipIf(process.platform === 'win32')('devices, pipes, links and modes', () => {
  const fifo = at('fifo');
  beforeAll(() => {
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
  });
  const quantize = ['quantize', model, '--data', data, ...max, '--samples', '2'];

  test.each([['/dev/null'], ['/dev/stdout'], ['/dev/fd/2'], [fifo]])('no model goes to %s', async (path) => {
    const before = lstatSync(path);
    await expectFailure(2, [`Cannot write ${path}`, 'a model is a file'], ...quantize, '-o', path);
    expect(lstatSync(path)).toMatchObject({ mode: before.mode, ino: before.ino });
  });

  test('a link to a device is as the device', async () => {
    symlinkSync('/dev/null', at('null'));
    await expectFailure(2, [at('null'), 'a model is a file'], ...quantize, '-o', at('null'));
    const { status } = await quantscope(...quantize, '-o', output, '--json', at('null'));
    expect([status, lstatSync(at('null')).isSymbolicLink()]).toEqual([0, true]);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('what is told may go to /dev/null twice', async () => {
    const words = ['analyze', model, '--data', data, ...max, '--samples', '2'];
    const { status } = await quantscope(...words, '--json', '/dev/null', '--html', '/dev/null');
    expect(status).toBe(0);
  });

  test('JSON on standard output is alone there', () => {
    const { status, stdout, stderr } = spawned(...quantize, '-o', output, '--json', '/dev/stdout');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ output });
    expect(stderr).toContain('tiny.int8.onnx');
  });

  test('also where standard output is a file, which stays what it is', () => {
    const to = at('told.json');
    const command = `"$0" dist/quantscope.js "$@" > ${to}`;
    const words = [...quantize, '-o', output, '--json', '/dev/stdout'];
    const { status } = spawnSync('sh', ['-c', command, process.execPath, ...words]);
    expect(status).toBe(0);
    expect(JSON.parse(readFileSync(to, 'utf8'))).toMatchObject({ output });
  });

  test('standard output holds one thing', async () => {
    const words = [...quantize, '-o', output, '--json', '/dev/stdout'];
    const lines = await quantscope(...words, '--progress', 'json');
    expect(lines).toMatchObject({ status: 2, stderr: expect.stringContaining('--progress json') as string });
    const two = ['analyze', model, '--data', data, '--json', '/dev/stdout', '--html', '/dev/fd/1'];
    await expectFailure(2, ['would be written over'], ...two);
  });

  test('a FIFO takes JSON', () => {
    const command = `cat ${fifo} & "$0" dist/quantscope.js "$@" > /dev/null; wait`;
    const words = [...quantize, '-o', output, '--json', fifo];
    const { status, stdout } = spawnSync('sh', ['-c', command, process.execPath, ...words], {
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ output });
    expect(lstatSync(fifo).isFIFO()).toBe(true);
  });

  test('a link stays, and what it leads to is written, also where nothing is yet', async () => {
    mkdirSync(at('store'));
    const [link, target] = [at('latest.onnx'), at('store', 'v1.onnx')];
    symlinkSync(join('store', 'v1.onnx'), link);
    symlinkSync(link, at('alias.json'));
    for (let i = 0; i < 2; i++) {
      const { status } = await quantscope(...quantize, '-o', link);
      expect([status, lstatSync(link).isSymbolicLink()]).toEqual([0, true]);
    }
    expect((await quantscope('inspect', target)).status).toBe(0);
    const json = ['analyze', model, '--data', data, ...max, '--samples', '2', '--json', at('alias.json')];
    expect((await quantscope(...json)).status).toBe(0);
    expect(lstatSync(at('alias.json')).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(target, 'utf8'))).toMatchObject({ version: expect.any(Number) as number });
    expect(readdirSync(at('store'))).toEqual(['v1.onnx']);
  });

  test('a file that was there keeps its mode', async () => {
    for (const [path, mode] of [
      [at('closed.onnx'), 0o600],
      [at('closed.json'), 0o640],
    ] as const) {
      writeFileSync(path, 'before');
      chmodSync(path, mode);
    }
    const words = [...quantize, '-o', at('closed.onnx'), '--json', at('closed.json')];
    expect((await quantscope(...words)).status).toBe(0);
    expect(statSync(at('closed.onnx')).mode & 0o777).toBe(0o600);
    expect(statSync(at('closed.json')).mode & 0o777).toBe(0o640);
  });
});

test('a name is as long as the system takes it, or refused before the work', async () => {
  const long = (bytes: number, end: string) => at('x'.repeat(bytes - end.length) + end);
  const words = ['quantize', model, '--data', data, ...max, '--samples', '2'];
  const done = await quantscope(...words, '-o', long(255, '.onnx'), '--json', long(255, '.json'));
  expect([done.status, done.stderr]).toEqual([0, '']);
  expect(statSync(long(255, '.onnx')).size).toBeGreaterThan(0);
  // No data, which would have to be read before anything is written.
  const nowhere = ['quantize', model, '--data', at('nowhere.npz')];
  await expectFailure(1, ['Cannot write', 'name too long', 'shorter'], ...nowhere, '-o', long(256, '.onnx'));
  await expectFailure(1, ['name too long'], ...nowhere, '-o', output, '--json', long(300, '.json'));
});

test('where there is no place for temporary files is told before any data is read', async () => {
  vi.stubEnv('TMPDIR', at('no', 'where'));
  const words = [at('no', 'where'), 'TMPDIR', 'no such file or directory'];
  const nowhere = [model, '--data', at('nowhere.npz')];
  try {
    await expectFailure(1, words, 'quantize', ...nowhere, '-o', output);
    await expectFailure(1, words, 'analyze', ...nowhere);
    await expectFailure(1, words, 'plan', ...nowhere);
    const module = at('feeds.mjs');
    writeFileSync(module, 'export default function* () { yield { x: new Float32Array(192) }; }');
    await expectFailure(1, words, 'calibrate', model, '--data', module, '-o', at('never'));
    expect(existsSync(at('never'))).toBe(false);
  } finally {
    vi.unstubAllEnvs();
    vi.stubEnv('QUANTSCOPE_CACHE', at('cache'));
  }
});
